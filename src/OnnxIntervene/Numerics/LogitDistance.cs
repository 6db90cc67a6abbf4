using System.Numerics.Tensors;

namespace OnnxIntervene.Numerics;

/// <summary>How far logits are from those that they should be.</summary>
internal static class LogitDistance
{
    /// <summary>
    /// The largest difference, in shares of the largest logit where that is above 1; infinite where the numbers of
    /// tokens differ, NaN where a logit is not finite.
    /// </summary>
    public static double Of(ReadOnlySpan<float> logits, ReadOnlySpan<float> own)
    {
        if (logits.Length != own.Length)
            return double.PositiveInfinity;
        var largest = 0.0;
        for (var token = 0; token < own.Length; token++)
        {
            var difference = Math.Abs((double)logits[token] - own[token]);
            if (!(difference <= largest))
                largest = difference;
            if (double.IsNaN(largest))
                return largest;
        }

        return largest / Math.Max(1, Math.Abs(TensorPrimitives.MaxMagnitude(own)));
    }
}
