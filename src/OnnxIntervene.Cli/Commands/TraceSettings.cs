using System.Collections.Immutable;
using OnnxIntervene.Studies;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What the user asked a trace to do.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Positions">The positions that get the noise.</param>
/// <param name="Answer">The token that should follow.</param>
internal sealed record TraceSettings(PromptText Prompt, ImmutableArray<int> Positions, AnswerToken Answer)
{
    /// <summary>The part of the prompt that gets the noise; null where its positions were given.</summary>
    public string? Subject { get; init; }

    public int Samples { get; init; }

    public float Noise { get; init; }

    public int Seed { get; init; }

    public int? Window { get; init; }
}
