using System.Globalization;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>How many of some answers are right.</summary>
/// <param name="Correct">How many are right.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct AccuracyEstimate(int Correct, int Count)
{
    // The 97.5th percentile of the normal distribution: intervals of 95 %.
    private const double Deviations = 1.959963984540054;

    /// <summary>The share that is right, 0 to 1; NaN where there are none.</summary>
    public double Value => Count == 0 ? double.NaN : (double)Correct / Count;

    /// <summary>The lower end of Wilson's score interval of 95 % (Wilson 1927).</summary>
    public double Low => Math.Max(0, Center - HalfWidth);

    /// <summary>The upper end.</summary>
    public double High => Math.Min(1, Center + HalfWidth);

    private double Scale => 1 + (Deviations * Deviations / Count);

    private double Center => (Value + (Deviations * Deviations / (2 * Count))) / Scale;

    private double HalfWidth =>
        Deviations
        / Scale
        * Math.Sqrt((Value * (1 - Value) / Count) + (Deviations * Deviations / (4.0 * Count * Count)));

    /// <summary>The share with its interval: <c>0.9988 [0.9971, 0.9995]</c>.</summary>
    public override string ToString() =>
        Count == 0
            ? "of no examples"
            : string.Create(CultureInfo.InvariantCulture, $"{Value:F4} [{Low:F4}, {High:F4}]");
}
