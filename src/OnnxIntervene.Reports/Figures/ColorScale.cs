using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>Maps numbers to colours that colour-blind readers can also tell apart. Immutable.</summary>
public sealed record ColorScale
{
    // Purples and red-blue of ColorBrewer (colorbrewer2.org): even steps of lightness.
    private static readonly ImmutableArray<RgbColor> s_purples =
    [
        new(252, 251, 253),
        new(239, 237, 245),
        new(218, 218, 235),
        new(188, 189, 220),
        new(158, 154, 200),
        new(128, 125, 186),
        new(106, 81, 163),
        new(84, 39, 143),
        new(63, 0, 125),
    ];

    private static readonly ImmutableArray<RgbColor> s_blueWhiteRed =
    [
        new(5, 48, 97),
        new(33, 102, 172),
        new(67, 147, 195),
        new(146, 197, 222),
        new(209, 229, 240),
        new(247, 247, 247),
        new(253, 219, 199),
        new(244, 165, 130),
        new(214, 96, 77),
        new(178, 24, 43),
        new(103, 0, 31),
    ];

    private ColorScale(double minimum, double maximum, ImmutableArray<RgbColor> stops) =>
        (Minimum, Maximum, Stops) = (minimum, maximum, stops);

    /// <summary>The colour of a cell that was not measured.</summary>
    public static RgbColor Missing => new(200, 200, 200);

    /// <summary>The number at the scale's lower end.</summary>
    public double Minimum { get; }

    /// <summary>The number at the scale's upper end, above the lower one.</summary>
    public double Maximum { get; }

    /// <summary>The colours, evenly spaced from the lower to the upper end.</summary>
    public ImmutableArray<RgbColor> Stops { get; }

    /// <summary>White to dark purple, for numbers that have a lowest value.</summary>
    /// <remarks>An end that is not finite, as after an overflow, is replaced by 0 or by the lower end plus 1.</remarks>
    public static ColorScale Sequential(double minimum, double maximum)
    {
        var lower = double.IsFinite(minimum) ? minimum : 0;
        return new ColorScale(lower, Above(lower, maximum), s_purples);
    }

    /// <summary>Blue over white to red, for numbers around 0, which is white; as far below 0 as above.</summary>
    /// <remarks>A largest value that is not a finite number is replaced by 1.</remarks>
    public static ColorScale Diverging(double largest)
    {
        var upper = Above(0, Math.Abs(largest));
        return new ColorScale(-upper, upper, s_blueWhiteRed);
    }

    /// <summary>
    /// The scale that fits the finite numbers: diverging where one is negative, sequential when none is.
    /// </summary>
    public static ColorScale For(IEnumerable<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var measured = values.Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        var (minimum, maximum) = (measured.Min(), measured.Max());
        return minimum < 0 ? Diverging(Math.Max(-minimum, maximum)) : Sequential(minimum, maximum);
    }

    /// <summary>The colour of a number; numbers past an end get the end's colour, and NaN is grey.</summary>
    public RgbColor At(double value)
    {
        if (double.IsNaN(value))
            return Missing;
        var share = (Math.Clamp(value, Minimum, Maximum) - Minimum) / (Maximum - Minimum);
        var place = share * (Stops.Length - 1);
        var index = Math.Min((int)place, Stops.Length - 2);
        return Stops[index].Toward(Stops[index + 1], place - index);
    }

    // Relative too, because 1e20 plus 1 is 1e20.
    private static double Above(double lower, double upper) =>
        double.IsFinite(upper) && upper > lower ? upper : lower + Math.Max(1, Math.Abs(lower) * 0.01);
}
