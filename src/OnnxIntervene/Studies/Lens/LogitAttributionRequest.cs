using System.Collections.Immutable;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Direct logit attribution (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Wang et al. 2022,
/// arXiv:2211.00593): what each part of the residual stream adds to the answer's logit, or to the answer's less the
/// wrong answer's, with the final norm's scale frozen at the run's own.
/// </summary>
public sealed record LogitAttributionRequest
{
    /// <summary>The prompts, each with an answer; all with a wrong one, or none.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>The one position of each prompt whose logits are attributed.</summary>
    public PromptPositions Position { get; init; } = PromptPositions.Last;
}
