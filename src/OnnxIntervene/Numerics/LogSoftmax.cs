namespace OnnxIntervene.Numerics;

/// <summary>Logarithms of probabilities, in double precision.</summary>
internal static class LogSoftmax
{
    /// <summary>The natural logarithm of one token's probability.</summary>
    public static double At(ReadOnlySpan<float> logits, int token) => logits[token] - LogOfSum(logits);

    /// <summary>
    /// Kullback-Leibler divergence of one distribution from a reference, Σ p_reference (log p_reference − log p), in
    /// nats.
    /// </summary>
    public static double Divergence(ReadOnlySpan<float> reference, ReadOnlySpan<float> logits)
    {
        var (one, other) = (LogOfSum(reference), LogOfSum(logits));
        var sum = 0.0;
        for (var token = 0; token < reference.Length; token++)
        {
            var log = reference[token] - one;
            var share = Math.Exp(log);
            if (share > 0)
                sum += share * (log - (logits[token] - other));
        }

        return Math.Max(0, sum);
    }

    /// <summary>log Σ exp of logits; the largest is taken out, so that it stays finite.</summary>
    public static double LogOfSum(ReadOnlySpan<float> logits)
    {
        var largest = double.NegativeInfinity;
        foreach (var logit in logits)
            largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum);
    }
}
