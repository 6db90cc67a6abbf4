using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Reports.Page;

namespace OnnxIntervene.Reports;

/// <summary>
/// Writes a report as one page that loads nothing: its script, its style and its numbers are inside, and without a
/// script it shows pictures.
/// </summary>
public static class HtmlReport
{
    /// <summary>The page, which is well-formed XML too.</summary>
    /// <exception cref="ArgumentException">A figure's or a table's parts do not fit each other.</exception>
    public static string Render(Report report) => Render(report, "");

    /// <summary>The page with one more element in its head.</summary>
    internal static string Render(Report report, string element)
    {
        ArgumentNullException.ThrowIfNull(report);
        var figures = report.AllFigures.Select(figure => figure.Figure).ToList();
        foreach (var figure in figures)
            figure.Check();
        var html = new StringBuilder();
        AppendHead(html, report, element);
        AppendFacts(html, "", report.Facts);
        for (var index = 0; index < figures.Count; index++)
            AppendFigure(html, index, figures[index]);
        foreach (var table in report.Tables)
            AppendTable(html, table);
        AppendOrigin(html, report);
        html.Append("</main>\n<script type=\"application/json\" id=\"figures\">\n").Append(FigureData.Of(figures));
        html.Append("\n</script>\n<script type=\"application/json\" id=\"result\">\n").Append(Embed(report.Json));
        html.Append("\n</script>\n<script>").Append(PageScript.Text).Append("</script>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static void AppendHead(StringBuilder html, Report report, string element)
    {
        var title = Markup.Escape(report.Title);
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        html.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"").Append(PageScript.Policy).Append("\"/>");
        html.Append(element).Append("\n<title>").Append(title).Append("</title>\n<style>\n").Append(PageScript.Style);
        html.Append("</style>\n</head>\n<body>\n<main>\n<h1>").Append(title).Append("</h1>\n");
        if (report.Summary.Length > 0)
            html.Append("<p class=\"summary\">").Append(Markup.Escape(report.Summary)).Append("</p>\n");
        foreach (var warning in report.Warnings)
            html.Append("<p class=\"warning\">Warning: ").Append(Markup.Escape(warning)).Append("</p>\n");
    }

    private static void AppendFacts(StringBuilder html, string heading, ImmutableArray<ReportFact> facts)
    {
        if (facts.IsEmpty)
            return;
        if (heading.Length > 0)
            html.Append("<h3>").Append(heading).Append("</h3>\n");
        html.Append("<table class=\"facts\">\n");
        foreach (var (name, value) in facts)
            html.Append(Row($"<th scope=\"row\">{Markup.Escape(name)}</th><td>{Markup.Escape(value)}</td>"));
        html.Append("</table>\n");
    }

    // Lines and edges are few shapes, so the script works on their picture; it draws cells itself.
    private static void AppendFigure(StringBuilder html, int index, Figure figure)
    {
        html.Append(Heading(figure.Title)).Append("<figure data-figure=\"").Append(index).Append("\">\n");
        if (figure is LinePlot or NodeGraph)
            html.Append("<div class=\"wide\">").Append(FigureSvg.RenderBare(figure)).Append("</div>\n");
        else
            html.Append("<noscript>").Append(FigureSvg.RenderBare(Still(figure))).Append("</noscript>\n");
        if (figure.Caption.Length > 0)
            html.Append("<figcaption>").Append(Markup.Escape(figure.Caption)).Append("</figcaption>\n");
        html.Append("</figure>\n");
    }

    // What a reader without a script sees.
    private static Heatmap Still(Figure figure) =>
        figure switch
        {
            Heatmap heatmap => heatmap,
            HeatmapStack stack => stack.Slices[0],
            AttentionPatterns patterns => patterns.Grid,
            _ => throw new UnreachableException($"No heatmap is known of {figure.GetType().Name}."),
        };

    private static void AppendTable(StringBuilder html, ReportTable table)
    {
        Check(table);
        var numeric = Enumerable.Range(0, table.Columns.Length).Select(column => IsNumeric(table, column));
        var classes = numeric.Select(isNumeric => isNumeric ? " class=\"number\"" : "").ToArray();
        html.Append(Heading(table.Title)).Append("<div class=\"wide\"><table class=\"grid\">\n");
        AppendRow(html, "th", table.Columns, classes);
        foreach (var row in table.Rows)
            AppendRow(html, "td", row, classes);
        html.Append("</table></div>\n");
    }

    private static void AppendRow(StringBuilder html, string element, ImmutableArray<string> cells, string[] classes)
    {
        var marked = cells.Zip(classes, (cell, kind) => $"<{element}{kind}>{Markup.Escape(cell)}</{element}>");
        html.Append(Row(string.Concat(marked)));
    }

    // What it takes to make the page again.
    private static void AppendOrigin(StringBuilder html, Report report)
    {
        if (report.Command.Length == 0 && report.Configuration.IsEmpty && report.Versions.IsEmpty)
            return;
        html.Append("<section class=\"origin\">\n").Append(Heading("Made by"));
        if (report.Command.Length > 0)
            html.Append("<pre>").Append(Markup.Escape(report.Command)).Append("</pre>\n");
        AppendFacts(html, "Configuration", report.Configuration);
        AppendFacts(html, "Versions", report.Versions);
        html.Append("</section>\n");
    }

    private static string Row(string cells) => $"<tr>{cells}</tr>\n";

    private static string Heading(string title) => $"<h2>{Markup.Escape(title)}</h2>\n";

    private static void Check(ReportTable table)
    {
        foreach (var row in table.Rows.Where(row => row.Length != table.Columns.Length))
        {
            throw new ArgumentException(
                $"The table '{table.Title}' has {table.Columns.Length} columns but a row of {row.Length} cells. "
                    + "Give every row a cell for each column."
            );
        }
    }

    private static bool IsNumeric(ReportTable table, int column) =>
        !table.Rows.IsEmpty
        && table.Rows.All(row => double.TryParse(row[column], NumberStyles.Float, CultureInfo.InvariantCulture, out _));

    // A "<" could end the script element and an "&" breaks XML. In JSON both are only in strings, where escapes serve.
    private static string Embed(string json) =>
        json.Replace("<", "\\u003C", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);
}
