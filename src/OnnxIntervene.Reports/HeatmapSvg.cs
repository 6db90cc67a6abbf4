using System.Globalization;
using System.Net;
using System.Text;

namespace OnnxIntervene.Reports;

/// <summary>Draws a heatmap as SVG for a page; the number of a cell shows when one points at it.</summary>
public static class HeatmapSvg
{
    /// <summary>The SVG element.</summary>
    public static string Render(Heatmap heatmap)
    {
        ArgumentNullException.ThrowIfNull(heatmap);
        var layout = HeatmapImage.LayoutOf(heatmap);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {layout.Width} {layout.Height}\" ");
        svg.Append(CultureInfo.InvariantCulture, $"width=\"{layout.Width}\" height=\"{layout.Height}\" role=\"img\" aria-label=\"{Escape(heatmap.Title)}\">\n");
        for (var row = 0; row < layout.Rows; row++)
            AppendRow(svg, heatmap, layout, row);
        for (var column = 0; column < layout.Columns; column++)
            AppendColumnLabel(svg, heatmap, layout, column);
        AppendAxes(svg, heatmap, layout);
        AppendBar(svg, heatmap, layout);
        return svg.Append("</svg>\n").ToString();
    }

    private static void AppendRow(StringBuilder svg, Heatmap heatmap, HeatmapLayout layout, int row)
    {
        var (left, top) = layout.Cell(row, 0);
        Text(svg, left - 6, top + (HeatmapLayout.CellHeight / 2) + 4, "end", heatmap.ShownRow(row));
        for (var column = 0; column < layout.Columns; column++)
        {
            var (x, y) = layout.Cell(row, column);
            var value = heatmap[row, column];
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:F1}\" y=\"{y:F1}\" width=\"{layout.CellWidth:F1}\" height=\"{HeatmapLayout.CellHeight:F1}\" ");
            svg.Append(CultureInfo.InvariantCulture, $"fill=\"{heatmap.Scale.At(value)}\"><title>{Escape(heatmap.RowAxis)} {Escape(heatmap.RowLabels[row])}, ");
            svg.Append(CultureInfo.InvariantCulture, $"{Escape(heatmap.ColumnAxis)} {Escape(heatmap.ColumnLabels[column])}: {value:G5}</title></rect>\n");
        }
    }

    private static void AppendColumnLabel(StringBuilder svg, Heatmap heatmap, HeatmapLayout layout, int column)
    {
        var (x, y) = (layout.Left + ((column + 0.5f) * layout.CellWidth), HeatmapLayout.Top + layout.GridHeight);
        if (layout.ColumnLabelHeight <= 22)
            Text(svg, x, y + 16, "middle", heatmap.ShownColumn(column));
        else
            Text(svg, x, y + 10, "end", heatmap.ShownColumn(column), $" transform=\"rotate(-90 {x.ToString("F1", CultureInfo.InvariantCulture)} {(y + 6).ToString("F1", CultureInfo.InvariantCulture)})\"");
    }

    private static void AppendAxes(StringBuilder svg, Heatmap heatmap, HeatmapLayout layout)
    {
        Text(svg, layout.Left + (layout.GridWidth / 2), HeatmapLayout.Top + layout.GridHeight + layout.ColumnLabelHeight + 18, "middle", heatmap.ColumnAxis);
        var (x, y) = (HeatmapLayout.Margin + 10, HeatmapLayout.Top + (layout.GridHeight / 2));
        Text(svg, x, y, "middle", heatmap.RowAxis, $" transform=\"rotate(-90 {x.ToString("F1", CultureInfo.InvariantCulture)} {y.ToString("F1", CultureInfo.InvariantCulture)})\"");
    }

    private static void AppendBar(StringBuilder svg, Heatmap heatmap, HeatmapLayout layout)
    {
        const int Steps = 40;
        var span = heatmap.Scale.Maximum - heatmap.Scale.Minimum;
        var height = layout.BarHeight / Steps;
        for (var step = 0; step < Steps; step++)
        {
            var color = heatmap.Scale.At(heatmap.Scale.Maximum - (span * step / (Steps - 1)));
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{layout.BarLeft:F1}\" y=\"{HeatmapLayout.Top + (step * height):F1}\" ");
            svg.Append(CultureInfo.InvariantCulture, $"width=\"{HeatmapLayout.BarWidth}\" height=\"{height + 0.5:F1}\" fill=\"{color}\"/>\n");
        }

        for (var tick = 0; tick <= 4; tick++)
        {
            var value = (heatmap.Scale.Minimum + (tick / 4.0 * span)).ToString(span > 8 ? "F1" : "F2", CultureInfo.InvariantCulture);
            Text(svg, layout.BarLeft + HeatmapLayout.BarWidth + 5, HeatmapLayout.Top + (layout.BarHeight * (1 - (tick / 4f))) + 4, "start", value);
        }

        Text(svg, layout.BarLeft + HeatmapLayout.BarWidth, HeatmapLayout.Top - 10, "middle", heatmap.ValueLabel);
    }

    private static void Text(StringBuilder svg, float x, float y, string anchor, string text, string more = "") =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\"{more}>{Escape(text)}</text>\n");

    // XML cannot hold most control characters at all.
    private static string Escape(string text) =>
        WebUtility.HtmlEncode(string.Concat(text.Select(character => char.IsControl(character) || char.IsSurrogate(character) ? '\uFFFD' : character)));
}
