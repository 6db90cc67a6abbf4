using System.Globalization;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints a heatmap on a surface, the same way on every kind.</summary>
internal sealed class HeatmapPainter(DrawingSurface surface, Heatmap heatmap, HeatmapLayout layout)
{
    public void Paint()
    {
        PaintCells();
        PaintRowLabels();
        PaintColumnLabels();
        PaintNames();
        new ScaleBarPainter(surface, heatmap.Scale, heatmap.ValueLabel).Paint(
            layout.Bar,
            layout.ValueLabelX,
            heatmap.Values.Any(double.IsNaN)
        );
    }

    private void PaintCells()
    {
        if (surface.AreCellsShapes)
        {
            PaintShapes();
        }
        else
        {
            using var cells = CellRaster.Of(heatmap);
            surface.Cells(layout.Grid, cells);
        }

        surface.Frame(layout.Grid);
    }

    private void PaintShapes()
    {
        for (var row = 0; row < heatmap.RowLabels.Length; row++)
        {
            for (var column = 0; column < heatmap.ColumnLabels.Length; column++)
            {
                var color = heatmap.Scale.At(heatmap[row, column]);
                surface.Fill(layout.CellAt(row, column), color, Tooltip(row, column));
            }
        }
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
}
