using System.Numerics.Tensors;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.Sweeps;

/// <summary>The token that a run of an experiment itself answers with: the most probable one.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Probability">From 0 to 1; where a run has samples, the mean over them.</param>
public sealed record TopAnswer(int Id, float Probability)
{
    /// <summary>The most probable token of some logits.</summary>
    internal static TopAnswer Of(ReadOnlySpan<float> logits) => OfProbabilities(Softmax.Of(logits));

    /// <summary>The most probable token.</summary>
    internal static TopAnswer OfProbabilities(ReadOnlySpan<float> probabilities)
    {
        var top = TensorPrimitives.IndexOfMax(probabilities);
        return new TopAnswer(top, probabilities[top]);
    }
}
