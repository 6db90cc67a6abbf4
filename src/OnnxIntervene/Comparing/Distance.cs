namespace OnnxIntervene.Comparing;

/// <summary>How far an output is from A's, in both measures.</summary>
/// <param name="Divergence">KL(A ‖ B) in nats, the mean over kept positions; 0 where outputs are no logits.</param>
/// <param name="SquaredError">‖b − a‖² / ‖a‖² of the numbers.</param>
internal readonly record struct Distance(double Divergence, double SquaredError)
{
    // Both go with the square of what the outputs differ by. 32-bit logits of two exports of one model are a divergence
    // of up to 1e-12 and a squared error of 1e-13 apart.
    private const double Smallest = 1e-10;

    /// <summary>The sum.</summary>
    public static Distance operator +(Distance one, Distance other) =>
        new(one.Divergence + other.Divergence, one.SquaredError + other.SquaredError);

    /// <summary>The mean of a sum.</summary>
    public static Distance operator /(Distance sum, int count) => new(sum.Divergence / count, sum.SquaredError / count);

    /// <summary>
    /// The measure in which shares of a distance like this can be told: the divergence, or where it drowns in rounding,
    /// which acts on single probabilities, the error. Null where that does too.
    /// </summary>
    public OutputMeasure? Shares =>
        Divergence > Smallest ? OutputMeasure.KullbackLeibler
        : SquaredError > Smallest ? OutputMeasure.RelativeError
        : null;

    /// <summary>
    /// What shares in a measure are shares of. Of an error its square: what several causes that have nothing to do with
    /// each other contribute then adds up, as it does in a divergence.
    /// </summary>
    public double Additive(OutputMeasure measure) =>
        measure == OutputMeasure.KullbackLeibler ? Divergence : SquaredError;

    /// <summary>The distance in a measure.</summary>
    public double In(OutputMeasure measure) =>
        measure == OutputMeasure.KullbackLeibler ? Divergence : Math.Sqrt(SquaredError);
}
