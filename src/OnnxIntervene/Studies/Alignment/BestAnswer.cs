using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>What a model answers.</summary>
internal static class BestAnswer
{
    /// <summary>The answer with the largest logit; of equals the first.</summary>
    /// <param name="logits">The logits of all tokens or classes.</param>
    /// <param name="answers">What the model chooses among; empty for all.</param>
    public static int Of(ReadOnlySpan<float> logits, ImmutableArray<int> answers)
    {
        if (answers.IsEmpty)
            return TensorPrimitives.IndexOfMax(logits);
        var best = answers[0];
        foreach (var answer in answers)
            best = logits[answer] > logits[best] ? answer : best;
        return best;
    }
}
