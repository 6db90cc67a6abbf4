namespace OnnxIntervene.Comparing;

/// <summary>How far an output is from A's, in both measures.</summary>
/// <param name="Divergence">KL(A ‖ B) in nats, the mean over kept positions; 0 where outputs are no logits.</param>
/// <param name="RelativeError">‖b − a‖ / ‖a‖ of the numbers.</param>
internal readonly record struct Distance(double Divergence, double RelativeError)
{
    // What 32-bit logits of two exports of one model differ by is a hundredth of either.
    private const double SmallestDivergence = 1e-10;
    private const double SmallestError = 1e-5;

    /// <summary>The sum.</summary>
    public static Distance operator +(Distance one, Distance other) =>
        new(one.Divergence + other.Divergence, one.RelativeError + other.RelativeError);

    /// <summary>The mean of a sum.</summary>
    public static Distance operator /(Distance sum, int count) => new(sum.Divergence / count, sum.RelativeError / count);

    /// <summary>
    /// The measure in which shares of a distance like this can be told: the divergence, which goes with the square of
    /// what the outputs differ by, or where it drowns in rounding the relative error. Null where that does too.
    /// </summary>
    public OutputMeasure? Shares =>
        Divergence > SmallestDivergence ? OutputMeasure.KullbackLeibler
        : RelativeError > SmallestError ? OutputMeasure.RelativeError
        : null;

    /// <summary>The distance in a measure.</summary>
    public double In(OutputMeasure measure) =>
        measure == OutputMeasure.KullbackLeibler ? Divergence : RelativeError;
}
