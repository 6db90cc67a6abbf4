using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints the bar that says which number has which colour.</summary>
internal sealed class ScaleBarPainter(DrawingSurface surface, ColorScale scale, string valueLabel)
{
    private const int Steps = 64;
    private const float TickLength = 3.5f;
    private const int LongestName = 40;

    /// <summary>How wide the bar's tick labels are, in points.</summary>
    public static float WidestTick(ColorScale scale) =>
        AxisTicks
            .Between(scale.Minimum, scale.Maximum)
            .Max(tick => EmbeddedFont.Measure(tick.Text, HeatmapLayout.SmallSize));

    /// <summary>How long the bar's name is, in points.</summary>
    public static float NameLength(string valueLabel) =>
        EmbeddedFont.Measure(Label.Plain(Cut(valueLabel), EmbeddedFont.Has), HeatmapLayout.FontSize);

    /// <summary>Paints the bar, its ticks, its name, and below it the colour of what was not measured.</summary>
    public void Paint(SKRect bar, float valueLabelX, bool hasMissing)
    {
        for (var step = 0; step < Steps; step++)
        {
            var value = scale.Maximum - ((scale.Maximum - scale.Minimum) * step / (Steps - 1));
            surface.Fill(new SKRect(bar.Left, Y(bar, step), bar.Right, Y(bar, step + 1)), scale.At(value));
        }

        surface.Frame(bar);
        PaintTicks(bar);
        var y = Math.Max(bar.MidY, bar.Top + (NameLength(valueLabel) / 2));
        var spot = new TextSpot(valueLabelX, y, TextAlignment.Middle, HeatmapLayout.FontSize, IsTurned: true);
        surface.Text(spot, Cut(valueLabel));
        if (hasMissing)
            PaintMissing(bar);
    }

    // Steps end on whole points, so that neighbours share an edge.
    private static float Y(SKRect bar, int step) =>
        step == Steps ? bar.Bottom : bar.Top + (MathF.Floor(bar.Height * step / Steps * 2) / 2);

    private void PaintTicks(SKRect bar)
    {
        foreach (var (value, text) in AxisTicks.Between(scale.Minimum, scale.Maximum))
        {
            var share = (value - scale.Minimum) / (scale.Maximum - scale.Minimum);
            var y = bar.Bottom - ((float)share * bar.Height);
            surface.Line(new SKPoint(bar.Right, y), new SKPoint(bar.Right + TickLength, y));
            var spot = new TextSpot(bar.Right + HeatmapLayout.Gap, y, TextAlignment.Start, HeatmapLayout.SmallSize);
            surface.Text(spot, text);
        }
    }

    private static string Cut(string name)
    {
        var runes = name.EnumerateRunes().ToList();
        return runes.Count <= LongestName ? name : $"{string.Concat(runes.Take(LongestName - 1))}…";
    }

    private void PaintMissing(SKRect bar)
    {
        var area = SKRect.Create(bar.Left, bar.Bottom + 10, HeatmapLayout.BarWidth, HeatmapLayout.MissingHeight);
        surface.Fill(area, ColorScale.Missing);
        surface.Frame(area);
        var (x, y) = (area.Right + HeatmapLayout.Gap, area.MidY);
        surface.Text(new TextSpot(x, y, TextAlignment.Start, HeatmapLayout.SmallSize), "n/a");
    }
}
