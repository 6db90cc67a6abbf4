using System.Globalization;
using SkiaSharp;

namespace OnnxIntervene.Reports;

/// <summary>Draws a heatmap as a PNG picture. The font travels with the library, so that every machine draws the same.</summary>
public static class HeatmapImage
{
    private static readonly SKTypeface s_typeface = LoadTypeface();

    /// <summary>The picture's bytes; <paramref name="scale"/> pixels for each point, 2 for print.</summary>
    public static byte[] Render(Heatmap heatmap, float scale = 2)
    {
        ArgumentNullException.ThrowIfNull(heatmap);
        using var font = new SKFont(s_typeface, HeatmapLayout.FontSize);
        var layout = LayoutOf(heatmap, font);
        var info = new SKImageInfo((int)(layout.Width * scale), (int)(layout.Height * scale));
        using var surface = SKSurface.Create(info);
        surface.Canvas.Clear(SKColors.White);
        surface.Canvas.Scale(scale);
        new Drawing(surface.Canvas, heatmap, layout, font).Draw();
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>Where the parts stand.</summary>
    internal static HeatmapLayout LayoutOf(Heatmap heatmap, SKFont font)
    {
        var rowWidth = Enumerable.Range(0, heatmap.RowLabels.Length).Select(row => font.MeasureText(heatmap.ShownRow(row))).DefaultIfEmpty(0).Max();
        var columnWidth = Enumerable.Range(0, heatmap.ColumnLabels.Length).Select(column => font.MeasureText(heatmap.ShownColumn(column))).DefaultIfEmpty(0).Max();
        var layout = new HeatmapLayout(heatmap.RowLabels.Length, heatmap.ColumnLabels.Length, rowWidth, 22);
        return columnWidth <= layout.CellWidth ? layout : layout with { ColumnLabelHeight = columnWidth + 12 };
    }

    /// <summary>The layout that <see cref="Render"/> uses.</summary>
    internal static HeatmapLayout LayoutOf(Heatmap heatmap)
    {
        using var font = new SKFont(s_typeface, HeatmapLayout.FontSize);
        return LayoutOf(heatmap, font);
    }

    private static SKTypeface LoadTypeface()
    {
        using var stream = typeof(HeatmapImage).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        return SKTypeface.FromStream(stream);
    }

    private sealed class Drawing(SKCanvas canvas, Heatmap heatmap, HeatmapLayout layout, SKFont font)
    {
        public void Draw()
        {
            using var ink = new SKPaint { Color = new SKColor(30, 30, 30), IsAntialias = true };
            using var titleFont = new SKFont(font.Typeface, HeatmapLayout.FontSize + 2);
            canvas.DrawText(heatmap.Title, HeatmapLayout.Margin, HeatmapLayout.Margin + 14, SKTextAlign.Left, titleFont, ink);
            DrawCells();
            DrawRowLabels(ink);
            DrawColumnLabels(ink);
            DrawAxes(ink);
            DrawBar(ink);
        }

        private void DrawCells()
        {
            using var fill = new SKPaint();
            for (var row = 0; row < layout.Rows; row++)
            {
                for (var column = 0; column < layout.Columns; column++)
                {
                    fill.Color = Skia(heatmap.Scale.At(heatmap[row, column]));
                    var (x, y) = layout.Cell(row, column);
                    canvas.DrawRect(x, y, layout.CellWidth, HeatmapLayout.CellHeight, fill);
                }
            }

            DrawFrame(layout.Left, HeatmapLayout.Top, layout.GridWidth, layout.GridHeight);
        }

        private void DrawRowLabels(SKPaint ink)
        {
            for (var row = 0; row < layout.Rows; row++)
            {
                var (x, y) = layout.Cell(row, 0);
                canvas.DrawText(heatmap.ShownRow(row), x - 6, y + (HeatmapLayout.CellHeight / 2) + 5, SKTextAlign.Right, font, ink);
            }
        }

        private void DrawColumnLabels(SKPaint ink)
        {
            var isTurned = layout.ColumnLabelHeight > 22;
            for (var column = 0; column < layout.Columns; column++)
            {
                var x = layout.Left + ((column + 0.5f) * layout.CellWidth);
                var y = HeatmapLayout.Top + layout.GridHeight;
                if (!isTurned)
                {
                    canvas.DrawText(heatmap.ShownColumn(column), x, y + 17, SKTextAlign.Center, font, ink);
                    continue;
                }

                canvas.Save();
                canvas.RotateDegrees(-90, x, y + 6);
                canvas.DrawText(heatmap.ShownColumn(column), x, y + 11, SKTextAlign.Right, font, ink);
                canvas.Restore();
            }
        }

        private void DrawAxes(SKPaint ink)
        {
            canvas.DrawText(
                heatmap.ColumnAxis, layout.Left + (layout.GridWidth / 2), HeatmapLayout.Top + layout.GridHeight + layout.ColumnLabelHeight + 18, SKTextAlign.Center, font, ink);
            var (x, y) = (HeatmapLayout.Margin + 10, HeatmapLayout.Top + (layout.GridHeight / 2));
            canvas.Save();
            canvas.RotateDegrees(-90, x, y);
            canvas.DrawText(heatmap.RowAxis, x, y, SKTextAlign.Center, font, ink);
            canvas.Restore();
        }

        private void DrawBar(SKPaint ink)
        {
            using var fill = new SKPaint();
            for (var step = 0; step < layout.BarHeight; step++)
            {
                var share = 1 - (step / layout.BarHeight);
                fill.Color = Skia(heatmap.Scale.At(heatmap.Scale.Minimum + (share * (heatmap.Scale.Maximum - heatmap.Scale.Minimum))));
                canvas.DrawRect(layout.BarLeft, HeatmapLayout.Top + step, HeatmapLayout.BarWidth, 1.5f, fill);
            }

            DrawFrame(layout.BarLeft, HeatmapLayout.Top, HeatmapLayout.BarWidth, layout.BarHeight);
            for (var tick = 0; tick <= 4; tick++)
            {
                var value = heatmap.Scale.Minimum + (tick / 4.0 * (heatmap.Scale.Maximum - heatmap.Scale.Minimum));
                var y = HeatmapLayout.Top + (layout.BarHeight * (1 - (tick / 4f)));
                var text = value.ToString(heatmap.Scale.Maximum - heatmap.Scale.Minimum > 8 ? "F1" : "F2", CultureInfo.InvariantCulture);
                canvas.DrawText(text, layout.BarLeft + HeatmapLayout.BarWidth + 5, y + 5, SKTextAlign.Left, font, ink);
            }

            canvas.DrawText(heatmap.ValueLabel, layout.BarLeft + HeatmapLayout.BarWidth, HeatmapLayout.Top - 12, SKTextAlign.Center, font, ink);
        }

        private void DrawFrame(float x, float y, float width, float height)
        {
            using var line = new SKPaint { Color = new SKColor(120, 120, 120), IsStroke = true, StrokeWidth = 1 };
            canvas.DrawRect(x, y, width, height, line);
        }

        private static SKColor Skia(RgbColor color) => new(color.Red, color.Green, color.Blue);
    }
}
