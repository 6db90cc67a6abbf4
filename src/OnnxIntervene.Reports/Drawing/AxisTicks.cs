using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Round numbers for a colour bar.</summary>
internal static class AxisTicks
{
    private const int Intervals = 5;

    /// <summary>A few numbers between the ends, each a multiple of 1, 2 or 5 times a power of ten.</summary>
    public static ImmutableArray<(double Value, string Text)> Between(double minimum, double maximum)
    {
        var step = Step((maximum - minimum) / Intervals);
        var (first, last) = (Math.Ceiling((minimum / step) - 1e-9), Math.Floor((maximum / step) + 1e-9));
        if (!double.IsFinite(step) || step == 0 || last - first is < 1 or > 4 * Intervals)
            return [Plain(minimum), Plain(maximum)];
        var format = Format(step, Math.Max(Math.Abs(minimum), Math.Abs(maximum)));
        return
        [
            .. Enumerable
                .Range(0, (int)(last - first) + 1)
                .Select(index => (first + index) * step)
                .Select(value => (value, value.ToString(format, CultureInfo.InvariantCulture))),
        ];
    }

    /// <summary>The smallest of 1, 2, 5, 10, 20, 50 … that is enough: one label in that many is shown.</summary>
    public static int Stride(float needed, float each)
    {
        var stride = (int)Math.Clamp(Step(Math.Max(1, needed / each)), 1, int.MaxValue);
        return needed <= each ? 1 : stride;
    }

    private static double Step(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var share = least / power;
        return power
            * (
                share <= 1 + 1e-9 ? 1
                : share <= 2 + 1e-9 ? 2
                : share <= 5 + 1e-9 ? 5
                : 10
            );
    }

    private static string Format(double step, double largest) =>
        step < 1e-4 || largest >= 1e5 ? "0.##e+0" : $"F{Math.Max(0, (int)-Math.Floor(Math.Log10(step) + 1e-9))}";

    private static (double Value, string Text) Plain(double value) =>
        (value, value.ToString("G4", CultureInfo.InvariantCulture));
}
