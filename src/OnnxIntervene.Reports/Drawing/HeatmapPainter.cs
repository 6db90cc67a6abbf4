using System.Globalization;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints a heatmap on a surface, the same way on every kind.</summary>
internal sealed class HeatmapPainter(DrawingSurface surface, Heatmap heatmap, HeatmapLayout layout)
{
    private const int BarSteps = 64;
    private const float TickLength = 3.5f;

    public void Paint()
    {
        PaintCells();
        PaintRowLabels();
        PaintColumnLabels();
        PaintNames();
        PaintBar();
        PaintMissing();
    }

    private void PaintCells()
    {
        for (var row = 0; row < heatmap.RowLabels.Length; row++)
        {
            for (var column = 0; column < heatmap.ColumnLabels.Length; column++)
            {
                var color = heatmap.Scale.At(heatmap[row, column]);
                surface.Fill(layout.CellAt(row, column), color, Tooltip(row, column));
            }
        }

        surface.Frame(layout.Grid);
    }

    private string Tooltip(int row, int column)
    {
        var value = heatmap[row, column];
        var number = double.IsNaN(value) ? "not measured" : value.ToString("R", CultureInfo.InvariantCulture);
        var down = Label.Plain(heatmap.RowLabels[row], surface.CanShow);
        var across = Label.Plain(heatmap.ColumnLabels[column], surface.CanShow);
        return $"{heatmap.RowAxis} {row} “{down}”, {heatmap.ColumnAxis} {column} “{across}”: {number}";
    }

    private void PaintRowLabels()
    {
        var starred = heatmap.EmphasizedRows.ToHashSet();
        for (var row = 0; row < heatmap.RowLabels.Length; row += layout.RowStride)
        {
            var label = Label.Of(heatmap.RowLabels[row], starred.Contains(row), surface.CanShow);
            var (x, y) = (layout.Grid.Left - HeatmapLayout.Gap, layout.CellAt(row, 0).MidY);
            surface.Text(new TextSpot(x, y, TextAlignment.End, HeatmapLayout.FontSize), label);
        }
    }

    private void PaintColumnLabels()
    {
        var starred = heatmap.EmphasizedColumns.ToHashSet();
        var isTurned = layout.AreColumnLabelsTurned;
        var anchor = isTurned ? TextAlignment.End : TextAlignment.Middle;
        var y = layout.Grid.Bottom + HeatmapLayout.Gap + (isTurned ? 0 : HeatmapLayout.FontSize / 2);
        for (var column = 0; column < heatmap.ColumnLabels.Length; column += layout.ColumnStride)
        {
            var label = Label.Of(heatmap.ColumnLabels[column], starred.Contains(column), surface.CanShow);
            var x = layout.CellAt(0, column).MidX;
            surface.Text(new TextSpot(x, y, anchor, HeatmapLayout.FontSize, isTurned), label);
        }
    }

    private void PaintNames()
    {
        var (grid, left, size) = (layout.Grid, HeatmapLayout.Margin, HeatmapLayout.FontSize);
        for (var line = 0; line < layout.TitleLines.Length; line++)
        {
            var spot = new TextSpot(left, HeatmapLayout.TitleY(line), TextAlignment.Start, HeatmapLayout.TitleSize);
            surface.Text(spot, layout.TitleLines[line]);
        }

        // Beside a single row a longer name would reach up into the title.
        var axisY = Math.Max(grid.MidY, grid.Top + (EmbeddedFont.Measure(heatmap.RowAxis, size) / 2));
        surface.Text(new TextSpot(left + 7, axisY, TextAlignment.Middle, size, IsTurned: true), heatmap.RowAxis);
        surface.Text(new TextSpot(grid.MidX, layout.ColumnAxisY, TextAlignment.Middle, size), heatmap.ColumnAxis);
        for (var line = 0; line < layout.CaptionLines.Length; line++)
        {
            var spot = new TextSpot(left, layout.CaptionY(line), TextAlignment.Start, HeatmapLayout.SmallSize);
            surface.Text(spot, layout.CaptionLines[line]);
        }
    }

    private void PaintBar()
    {
        var (bar, scale) = (layout.Bar, heatmap.Scale);
        for (var step = 0; step < BarSteps; step++)
        {
            var value = scale.Maximum - ((scale.Maximum - scale.Minimum) * step / (BarSteps - 1));
            surface.Fill(new SKRect(bar.Left, BarY(step), bar.Right, BarY(step + 1)), scale.At(value));
        }

        surface.Frame(bar);
        foreach (var (value, text) in AxisTicks.Between(scale.Minimum, scale.Maximum))
        {
            var share = (value - scale.Minimum) / (scale.Maximum - scale.Minimum);
            var y = bar.Bottom - ((float)share * bar.Height);
            surface.Line(new SKPoint(bar.Right, y), new SKPoint(bar.Right + TickLength, y));
            var spot = new TextSpot(bar.Right + HeatmapLayout.Gap, y, TextAlignment.Start, HeatmapLayout.SmallSize);
            surface.Text(spot, text);
        }

        surface.Text(
            new TextSpot(
                layout.ValueLabelX,
                ValueLabelY(),
                TextAlignment.Middle,
                HeatmapLayout.FontSize,
                IsTurned: true
            ),
            Label.Of(heatmap.ValueLabel, isStarred: false, surface.CanShow)
        );
    }

    private float ValueLabelY()
    {
        var length = EmbeddedFont.Measure(Label.Drawn(heatmap.ValueLabel, isStarred: false), HeatmapLayout.FontSize);
        return Math.Max(layout.Bar.MidY, layout.Bar.Top + (length / 2));
    }

    // Steps end on whole points, so that neighbours share an edge.
    private float BarY(int step) =>
        step == BarSteps
            ? layout.Bar.Bottom
            : layout.Bar.Top + (MathF.Floor(layout.Bar.Height * step / BarSteps * 2) / 2);

    private void PaintMissing()
    {
        if (!heatmap.Values.Any(double.IsNaN))
            return;
        var (left, top) = (layout.Bar.Left, layout.Bar.Bottom + 10);
        var area = SKRect.Create(left, top, HeatmapLayout.BarWidth, HeatmapLayout.MissingHeight);
        surface.Fill(area, ColorScale.Missing);
        surface.Frame(area);
        var spot = new TextSpot(
            area.Right + HeatmapLayout.Gap,
            area.MidY,
            TextAlignment.Start,
            HeatmapLayout.SmallSize
        );
        surface.Text(spot, "n/a");
    }
}
