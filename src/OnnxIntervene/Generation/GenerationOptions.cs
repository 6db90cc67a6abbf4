using System.Collections.Immutable;

namespace OnnxIntervene.Generation;

/// <summary>How tokens are chosen, and when a generation ends. The defaults are greedy.</summary>
public sealed record GenerationOptions
{
    /// <summary>The largest number of new tokens.</summary>
    public int MaximumNewTokens { get; init; } = 64;

    /// <summary>Logits are divided by it before a token is drawn; 0 takes the most probable token.</summary>
    public double Temperature { get; init; }

    /// <summary>Draws among so many most probable tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Draws among the most probable tokens that together have this probability (Holtzman et al. 2020); 1 for all.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// Draws among the tokens that have at least this share of the most probable one's probability (Nguyen et al.
    /// 2024); 0 for all.
    /// </summary>
    public double MinP { get; init; }

    /// <summary>
    /// Logits of tokens that are in the text already are divided by it where they are positive, multiplied where they
    /// are negative (Keskar et al. 2019); 1 for none.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Where the random numbers begin; each text of a batch has its own.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Texts that end a generation; they are left out of the result's text. A special token's text ends it like a
    /// stop token.
    /// </summary>
    public ImmutableArray<string> StopTexts { get; init; } = [];

    /// <summary>
    /// Tokens that end a generation; those of the files beside the model (<c>eos_token_id</c>) where null.
    /// </summary>
    public ImmutableArray<int>? StopTokens { get; init; }

    /// <summary>Whether the tokens that end a text are generated like any others.</summary>
    public bool IgnoresEndOfText { get; init; }

    /// <summary>
    /// Whether keys and values of earlier tokens are kept where the model takes them. Without, every run computes the
    /// whole text again.
    /// </summary>
    public bool UsesCache { get; init; } = true;

    /// <summary>Whether the logits of each new token are kept.</summary>
    public bool OutputScores { get; init; }

    /// <summary>
    /// When each intervention acts: one for all, or one each. Where left out, interventions with unit locations act
    /// there, in the prompt, and the others at every token.
    /// </summary>
    public ImmutableArray<InterventionSchedule> Schedules { get; init; } = [];
}
