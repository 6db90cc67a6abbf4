using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// What each part of the stream adds to the answer's logit, or to the logit difference: means over prompts. The
/// embedding, the sub-layers and the constant sum to the whole; heads and their biases sum to their attentions.
/// </summary>
public sealed record LogitAttributionResult
{
    /// <summary>Whether the answer's logit less the wrong answer's is attributed, or the answer's alone.</summary>
    public required bool IsDifference { get; init; }

    /// <summary>Whether the model caps its logits, so that those before the cap are attributed.</summary>
    public required bool IsBeforeCap { get; init; }

    /// <summary>The model's own number, which is attributed.</summary>
    public required SampleMean Total { get; init; }

    /// <summary>What the stream before the first layer adds.</summary>
    public required SampleMean Embedding { get; init; }

    /// <summary>What the biases of the final norm and the unembedding add, which no part of the stream does.</summary>
    public required SampleMean Constant { get; init; }

    /// <summary>What sub-layers add, layer (row) by sub-layer (column).</summary>
    public required StudyGrid Parts { get; init; }

    /// <summary>What heads add, layer (row) by head (column); null where they cannot be told apart.</summary>
    public StudyGrid? Heads { get; init; }

    /// <summary>
    /// What the biases of the attentions' output projections add, a row for each layer; null likewise.
    /// </summary>
    public StudyGrid? Biases { get; init; }

    /// <summary>Why heads cannot be told apart; null where they can.</summary>
    public string? WhyNoHeads { get; init; }

    /// <summary>
    /// The largest difference between the sum of the parts and the model's own number, in shares of the largest part.
    /// </summary>
    public required double Error { get; init; }
}
