using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// The logit lens (nostalgebraist 2020, "interpreting GPT: the logit lens"): the residual stream after each layer goes
/// through the model's own final norm and unembedding.
/// </summary>
public sealed record LogitLensRequest
{
    /// <summary>The prompts.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>Where the stream is read.</summary>
    public PromptPositions Positions { get; init; } = PromptPositions.Last;

    /// <summary>What is read off the lens's logits; the model's own at the same position are the reference.</summary>
    public ImmutableArray<Metric> Metrics { get; init; } = [Metric.Divergence];
}
