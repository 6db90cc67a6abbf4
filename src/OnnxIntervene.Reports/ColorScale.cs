using System.Collections.Immutable;

namespace OnnxIntervene.Reports;

/// <summary>From numbers to colours that also readers who see few colours can tell apart.</summary>
/// <param name="Minimum">The number at the scale's lower end.</param>
/// <param name="Maximum">The number at its upper end.</param>
/// <param name="Stops">The colours, evenly spaced from the lower to the upper end.</param>
public sealed record ColorScale(double Minimum, double Maximum, ImmutableArray<RgbColor> Stops)
{
    // Purple and red-blue of ColorBrewer (colorbrewer2.org), which are safe for colour-blind readers.
    private static readonly ImmutableArray<RgbColor> s_purples =
        [new(252, 251, 253), new(218, 218, 235), new(158, 154, 200), new(106, 81, 163), new(63, 0, 125)];

    private static readonly ImmutableArray<RgbColor> s_redBlue =
        [new(5, 48, 97), new(67, 147, 195), new(209, 229, 240), new(247, 247, 247), new(253, 219, 199), new(214, 96, 77), new(103, 0, 31)];

    /// <summary>The colour of a cell that was not measured.</summary>
    public static RgbColor Missing => new(200, 200, 200);

    /// <summary>Light to dark, for numbers that have a lowest value.</summary>
    public static ColorScale Sequential(double minimum, double maximum) => new(minimum, Widen(minimum, maximum), s_purples);

    /// <summary>Blue over white to red, for numbers around 0, which is white.</summary>
    public static ColorScale Diverging(double largest) => new(-Widen(0, largest), Widen(0, largest), s_redBlue);

    /// <summary>The colour of a number; ends are held, and what is no number is grey.</summary>
    public RgbColor At(double value)
    {
        if (double.IsNaN(value))
            return Missing;
        var place = Math.Clamp((value - Minimum) / (Maximum - Minimum), 0, 1) * (Stops.Length - 1);
        var index = Math.Min((int)place, Stops.Length - 2);
        return Stops[index].Toward(Stops[index + 1], place - index);
    }

    private static double Widen(double minimum, double maximum) => maximum > minimum ? maximum : minimum + 1;
}
