using System.Collections.Immutable;

namespace OnnxIntervene.Generation;

/// <summary>
/// When one intervention acts during a generation. Every condition must hold; positions count a text's own tokens from
/// 0, prompt and new tokens alike, padding left aside.
/// </summary>
public sealed record InterventionSchedule
{
    /// <summary>At every token.</summary>
    public static InterventionSchedule Always { get; } = new();

    /// <summary>On the prompt, on new tokens, or on both.</summary>
    public GenerationPhase Phase { get; init; } = GenerationPhase.Both;

    /// <summary>The first position; 0 for the first token of the prompt.</summary>
    public int From { get; init; }

    /// <summary>The first position after those that are changed; null for no end.</summary>
    public int? To { get; init; }

    /// <summary>Acts at every k-th position, counted from <see cref="From"/>.</summary>
    public int Every { get; init; } = 1;

    /// <summary>Acts at these tokens only, by their ids; at all where empty.</summary>
    public ImmutableHashSet<int> Tokens { get; init; } = [];

    /// <summary>
    /// What the coefficient is multiplied by while tokens are generated: see <see cref="CoefficientSchedule"/>.
    /// </summary>
    public CoefficientSchedule Coefficients { get; init; } = CoefficientSchedule.Constant;

    /// <summary>What tells it from other schedules.</summary>
    internal string Facts =>
        FormattableString.Invariant(
            $"{Phase} {From} {To} {Every} {string.Join(',', Tokens.Order())} {Coefficients.Facts}"
        );

    /// <summary>Whether positions do not matter: it acts at all tokens of its phases.</summary>
    internal bool TakesEveryPosition => From == 0 && To is null && Every == 1 && Tokens.IsEmpty;

    /// <summary>
    /// pyvene's meaning of <c>generate</c>'s arguments (pyvene 0.1.8, <c>IntervenableModel.generate</c>): with unit
    /// locations and <c>intervene_on_prompt</c> the prompt alone, with neither the new tokens alone, without locations
    /// and with it every token; with locations and without it the new tokens, at position 0 of each run.
    /// </summary>
    /// <param name="interveneOnPrompt">pyvene's <c>intervene_on_prompt</c>.</param>
    /// <param name="hasLocations">Whether unit locations are given.</param>
    public static InterventionSchedule AsPyvene(bool interveneOnPrompt, bool hasLocations) =>
        new()
        {
            Phase = (interveneOnPrompt, hasLocations) switch
            {
                (true, true) => GenerationPhase.Prompt,
                (true, false) => GenerationPhase.Both,
                _ => GenerationPhase.Generated,
            },
        };

    /// <summary>Whether it acts at a position.</summary>
    /// <param name="position">The position in the text.</param>
    /// <param name="token">The token there.</param>
    internal bool ActsAt(int position, int token) =>
        position >= From
        && (To is null || position < To)
        && (position - From) % Every == 0
        && (Tokens.IsEmpty || Tokens.Contains(token));
}
