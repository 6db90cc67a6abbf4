using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Where the parts of a line plot are, in points.</summary>
internal sealed class LinePlotLayout
{
    public const float LegendLine = 18;
    public const float LegendStroke = 26;

    private const float PlotHeight = 300;
    private const float CaptionLine = 15;
    private const float TitleLine = 19;
    private const float AxisRoom = 22;
    private const float LegendGap = 18;
    private const int LongestFlatLabel = 3;

    private LinePlotLayout() { }

    /// <summary>The area of the lines.</summary>
    public required SKRect Plot { get; init; }

    /// <summary>The numbers at the area's foot and head.</summary>
    public required double Minimum { get; init; }

    public required double Maximum { get; init; }

    /// <summary>One label in how many is shown, so that labels do not touch.</summary>
    public required int Stride { get; init; }

    public required bool AreLabelsTurned { get; init; }

    /// <summary>The middle line of the axis' name.</summary>
    public required float AxisY { get; init; }

    public required SKPoint Legend { get; init; }

    public required ImmutableArray<string> TitleLines { get; init; }

    public required ImmutableArray<string> CaptionLines { get; init; }

    public required int Places { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public float CaptionTop => Height - HeatmapLayout.Margin - (CaptionLines.Length * CaptionLine);

    public static LinePlotLayout Of(LinePlot plot)
    {
        var (minimum, maximum) = Range(plot);
        var ticks = AxisTicks.Between(minimum, maximum);
        var tickWidth = ticks.Max(tick => EmbeddedFont.Measure(tick.Text, HeatmapLayout.SmallSize));
        var left = MathF.Ceiling(HeatmapLayout.Margin + AxisRoom + tickWidth + HeatmapLayout.Gap);
        var places = plot.AxisLabels.Length;
        var plotWidth = Math.Clamp(places * 28f, 300, 560);
        var labels = plot.AxisLabels.Select(label => Label.Drawn(label, isStarred: false)).ToList();
        var widest = labels.Max(label => EmbeddedFont.Measure(label, HeatmapLayout.FontSize));
        var step = plotWidth / Math.Max(1, places - 1);
        var areTurned = labels.Max(label => label.Length) > LongestFlatLabel && widest + HeatmapLayout.Gap > step;
        var needed = areTurned ? HeatmapLayout.FontSize + 1 : widest + HeatmapLayout.Gap;
        var legendWidth = LegendStroke + HeatmapLayout.Gap + WidestName(plot);
        var width = left + plotWidth + LegendGap + legendWidth + HeatmapLayout.Margin;
        var textWidth = width - (2 * HeatmapLayout.Margin);
        var title = Lines(plot.Title, HeatmapLayout.TitleSize, textWidth, 4);
        var caption = Lines(plot.Caption, HeatmapLayout.SmallSize, textWidth, 8);
        var top = HeatmapLayout.Margin + (title.Length * TitleLine) + HeatmapLayout.Gap;
        var area = SKRect.Create(left, top, plotWidth, PlotHeight);
        var axisY =
            area.Bottom + HeatmapLayout.Gap + (areTurned ? widest : HeatmapLayout.FontSize) + (AxisRoom / 2) + 2;
        var foot = Math.Max(axisY + 10, top + (plot.Series.Length * LegendLine));
        var captionHeight = caption.Length == 0 ? 0 : HeatmapLayout.Gap + (caption.Length * CaptionLine);
        return new LinePlotLayout
        {
            Plot = area,
            Minimum = minimum,
            Maximum = maximum,
            Stride = AxisTicks.Stride(needed, step),
            AreLabelsTurned = areTurned,
            AxisY = axisY,
            Legend = new SKPoint(area.Right + LegendGap, top + (LegendLine / 2)),
            TitleLines = title,
            CaptionLines = caption,
            Places = places,
            Width = (int)MathF.Ceiling(width),
            Height = (int)MathF.Ceiling(foot + captionHeight + HeatmapLayout.Margin),
        };
    }

    /// <summary>Where a place of the axis is, across.</summary>
    public float X(int place) => Places == 1 ? Plot.MidX : Plot.Left + (Plot.Width * place / (Places - 1));

    /// <summary>Where a number is, down.</summary>
    public float Y(double value) => Plot.Bottom - (float)((value - Minimum) / (Maximum - Minimum) * Plot.Height);

    public float CaptionY(int line) => CaptionTop + ((line + 0.5f) * CaptionLine);

    // All lines with their bands, and a little room; a plot that begins near zero begins at zero.
    private static (double Minimum, double Maximum) Range(LinePlot plot)
    {
        var ends = plot.Series.SelectMany(Ends).Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        var (minimum, maximum) = (ends.Min(), ends.Max());
        if (minimum > 0 && minimum < maximum / 2)
            minimum = 0;
        var room = maximum > minimum ? (maximum - minimum) * 0.05 : Math.Max(1e-9, Math.Abs(maximum) * 0.05);
        return (minimum == 0 ? 0 : minimum - room, maximum + room);
    }

    private static IEnumerable<double> Ends(LineSeries series) =>
        series.Values.SelectMany(
            (value, place) =>
            {
                var error = series.Errors.IsEmpty || !double.IsFinite(series.Errors[place]) ? 0 : series.Errors[place];
                return new[] { value - error, value + error };
            }
        );

    private static float WidestName(LinePlot plot) =>
        plot.Series.Max(series =>
            EmbeddedFont.Measure(Label.Drawn(series.Name, isStarred: false), HeatmapLayout.FontSize)
        );

    private static ImmutableArray<string> Lines(string text, float size, float width, int most) =>
        Wrapping.Lines(Label.Plain(text, EmbeddedFont.Has), size, width, most);
}
