using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints a line plot on a surface, the same way on every kind.</summary>
internal sealed class LinePlotPainter(DrawingSurface surface, LinePlot plot, LinePlotLayout layout)
{
    private const float TickLength = 3.5f;
    private const float DotRadius = 2.25f;
    private const int MostDots = 64;

    private static readonly LineStyle s_grid = new(new RgbColor(128, 128, 128), 0.5f, Opacity: 0.4f);
    private static readonly LineStyle s_zero = new(new RgbColor(128, 128, 128), 1);

    public void Paint()
    {
        PaintValues();
        PaintPlaces();
        PaintNames();
        for (var index = 0; index < plot.Series.Length; index++)
        {
            surface.BeginGroup($"series series-{index}");
            PaintSeries(plot.Series[index], SeriesStyles.Of(index));
            surface.EndGroup();
        }

        surface.Frame(layout.Plot);
        PaintLegend();
    }

    private void PaintValues()
    {
        var area = layout.Plot;
        foreach (var (value, text) in AxisTicks.Between(layout.Minimum, layout.Maximum))
        {
            var y = layout.Y(value);
            var isZero = Math.Abs(value) < (layout.Maximum - layout.Minimum) * 1e-9;
            surface.Polyline([new(area.Left, y), new(area.Right, y)], isZero ? s_zero : s_grid);
            surface.Line(new SKPoint(area.Left - TickLength, y), new SKPoint(area.Left, y));
            var x = area.Left - HeatmapLayout.Gap;
            surface.Text(new TextSpot(x, y, TextAlignment.End, HeatmapLayout.SmallSize), text);
        }
    }

    private void PaintPlaces()
    {
        var isTurned = layout.AreLabelsTurned;
        var anchor = isTurned ? TextAlignment.End : TextAlignment.Middle;
        var bottom = layout.Plot.Bottom;
        for (var place = 0; place < plot.AxisLabels.Length; place += layout.Stride)
        {
            var x = layout.X(place);
            surface.Line(new SKPoint(x, bottom), new SKPoint(x, bottom + TickLength));
            var y = bottom + HeatmapLayout.Gap + (isTurned ? 0 : HeatmapLayout.FontSize / 2);
            var spot = new TextSpot(x, y, anchor, HeatmapLayout.FontSize, isTurned);
            surface.Text(spot, Label.Of(plot.AxisLabels[place], isStarred: false, surface.CanShow));
        }
    }

    private void PaintNames()
    {
        var (area, left, size) = (layout.Plot, HeatmapLayout.Margin, HeatmapLayout.FontSize);
        for (var line = 0; line < layout.TitleLines.Length; line++)
        {
            var spot = new TextSpot(left, HeatmapLayout.TitleY(line), TextAlignment.Start, HeatmapLayout.TitleSize);
            surface.Text(spot, layout.TitleLines[line]);
        }

        surface.Text(new TextSpot(left + 7, area.MidY, TextAlignment.Middle, size, IsTurned: true), plot.ValueLabel);
        surface.Text(new TextSpot(area.MidX, layout.AxisY, TextAlignment.Middle, size), plot.Axis);
        for (var line = 0; line < layout.CaptionLines.Length; line++)
        {
            var spot = new TextSpot(left, layout.CaptionY(line), TextAlignment.Start, HeatmapLayout.SmallSize);
            surface.Text(spot, layout.CaptionLines[line]);
        }
    }

    private void PaintSeries(LineSeries series, LineStyle style)
    {
        foreach (var (first, last) in Runs(series))
        {
            if (!series.Errors.IsEmpty)
                surface.Band(Outline(series, first, last), style.Color);
            var points = Enumerable.Range(first, last - first + 1).Select(place => Point(series, place, 0)).ToArray();
            if (points.Length > 1)
                surface.Polyline(points, style);
            if (plot.AxisLabels.Length > MostDots && points.Length > 1)
                continue;
            foreach (var point in points)
                surface.Dot(point, DotRadius, style.Color);
        }
    }

    private SKPoint[] Outline(LineSeries series, int first, int last)
    {
        var places = Enumerable.Range(first, last - first + 1).ToList();
        return
        [
            .. places.Select(place => Point(series, place, 1)),
            .. places.AsEnumerable().Reverse().Select(place => Point(series, place, -1)),
        ];
    }

    private SKPoint Point(LineSeries series, int place, int side)
    {
        var error = side == 0 || !double.IsFinite(series.Errors[place]) ? 0 : series.Errors[place];
        return new SKPoint(layout.X(place), layout.Y(series.Values[place] + (side * error)));
    }

    // A number that is missing, or beyond what can be drawn, leaves a gap.
    private static IEnumerable<(int First, int Last)> Runs(LineSeries series)
    {
        var first = -1;
        for (var place = 0; place <= series.Values.Length; place++)
        {
            var isDrawn = place < series.Values.Length && double.IsFinite(series.Values[place]);
            if (isDrawn && first < 0)
                first = place;
            if (!isDrawn && first >= 0)
            {
                yield return (first, place - 1);
                first = -1;
            }
        }
    }

    private void PaintLegend()
    {
        for (var index = 0; index < plot.Series.Length; index++)
        {
            var (x, y) = (layout.Legend.X, layout.Legend.Y + (index * LinePlotLayout.LegendLine));
            var end = x + LinePlotLayout.LegendStroke;
            surface.Polyline([new(x, y), new(end, y)], SeriesStyles.Of(index));
            var spot = new TextSpot(end + HeatmapLayout.Gap, y, TextAlignment.Start, HeatmapLayout.FontSize);
            surface.Text(spot, Label.Of(plot.Series[index].Name, isStarred: false, surface.CanShow));
        }
    }
}
