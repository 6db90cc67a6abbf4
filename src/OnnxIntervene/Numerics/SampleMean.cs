namespace OnnxIntervene.Numerics;

/// <summary>
/// The mean of some numbers, and how sure it is (Welford 1962). Numbers that are not finite make it NaN.
/// </summary>
public sealed class SampleMean
{
    private double _mean;
    private double _squares;

    /// <summary>How many numbers there are.</summary>
    public int Count { get; private set; }

    /// <summary>Their mean; NaN where there are none.</summary>
    public double Mean => Count == 0 ? double.NaN : _mean;

    /// <summary>
    /// The standard error of the mean, s / √n with s² over n − 1; NaN where there are fewer than two numbers.
    /// </summary>
    public double StandardError => Count < 2 ? double.NaN : Math.Sqrt(_squares / (Count - 1) / Count);

    /// <summary>The statistics of some numbers.</summary>
    public static SampleMean Of(IEnumerable<float> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        var all = new SampleMean();
        foreach (var number in numbers)
            all.Add(number);
        return all;
    }

    /// <summary>Adds a number.</summary>
    public void Add(double number)
    {
        Count++;
        var step = number - _mean;
        _mean += step / Count;
        _squares += step * (number - _mean);
    }
}
