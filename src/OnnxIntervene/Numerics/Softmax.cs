using System.Numerics.Tensors;

namespace OnnxIntervene.Numerics;

/// <summary>From logits to probabilities.</summary>
public static class Softmax
{
    /// <summary>The probabilities of every token; they sum to 1.</summary>
    public static float[] Of(ReadOnlySpan<float> logits)
    {
        var result = new float[logits.Length];

        // Subtracting the largest logit changes nothing but keeps the exponentials finite.
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), result);
        TensorPrimitives.SoftMax(result, result);
        return result;
    }
}
