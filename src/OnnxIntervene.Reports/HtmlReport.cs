using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Writes a report as one page that loads nothing: no script, no font and no picture from elsewhere.</summary>
public static class HtmlReport
{
    // With this policy the browser itself refuses whatever the page might load or run.
    private const string Head = """
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
        """;

    private const string Style = """
        :root { color-scheme: light dark; }
        :root { --ink: #1e1e1e; --soft: #5c5c66; --line: #d9d9e0; --page: #fff; --panel: #f5f5f8; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6e6ea; --soft: #a2a2ad; --line: #3b3b44; --page: #17171b; --panel: #212127; }
        }
        body { font: 16px/1.55 system-ui, sans-serif; max-width: 58rem; margin: 2.5rem auto; padding: 0 1.25rem; }
        body { color: var(--ink); background: var(--page); }
        h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
        h1, h2, td, th, pre { overflow-wrap: anywhere; }
        .wide { overflow-x: auto; } figure { margin: 0; }
        figcaption { color: var(--soft); font-size: .9rem; max-width: 44rem; }
        .warning { border-left: .25rem solid #c77700; padding: .25rem .75rem; margin: .5rem 0; }
        table { border-collapse: collapse; }
        th, td { text-align: left; vertical-align: top; padding: .2rem 1.5rem .2rem 0; }
        td { white-space: pre-wrap; } th { font-weight: 600; } .facts th { color: var(--soft); font-weight: 400; }
        .grid th, .grid td { border-bottom: 1px solid var(--line); }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        svg { max-width: 100%; height: auto; }
        pre { background: var(--panel); padding: .75rem 1rem; border-radius: .4rem; white-space: pre-wrap; }
        """;

    /// <summary>The page, which is well-formed XML too.</summary>
    /// <exception cref="ArgumentException">A heatmap's or a table's parts do not fit each other.</exception>
    public static string Render(Report report) => Render(report, "");

    /// <summary>The page with one more element in its head.</summary>
    internal static string Render(Report report, string element)
    {
        ArgumentNullException.ThrowIfNull(report);
        var title = Markup.Escape(report.Title);
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
        html.Append(Head).Append(element).Append("\n<title>").Append(title).Append("</title>\n<style>\n").Append(Style);
        html.Append("\n</style>\n</head>\n<body>\n<h1>").Append(title).Append("</h1>\n");
        if (report.Summary.Length > 0)
            html.Append("<p>").Append(Markup.Escape(report.Summary)).Append("</p>\n");
        foreach (var warning in report.Warnings)
            html.Append("<p class=\"warning\">Warning: ").Append(Markup.Escape(warning)).Append("</p>\n");
        AppendFacts(html, report.Facts);
        foreach (var (_, heatmap) in report.Heatmaps)
            AppendHeatmap(html, heatmap);
        foreach (var table in report.Tables)
            AppendTable(html, table);
        if (report.Command.Length > 0)
            html.Append(Heading("Made by")).Append("<pre>").Append(Markup.Escape(report.Command)).Append("</pre>\n");
        html.Append("<script type=\"application/json\" id=\"result\">\n").Append(Embed(report.Json));
        return html.Append("\n</script>\n</body>\n</html>\n").ToString();
    }

    private static void AppendFacts(StringBuilder html, ImmutableArray<ReportFact> facts)
    {
        if (facts.IsEmpty)
            return;
        html.Append("<table class=\"facts\">\n");
        foreach (var (name, value) in facts)
            html.Append(Row($"<th>{Markup.Escape(name)}</th><td>{Markup.Escape(value)}</td>"));
        html.Append("</table>\n");
    }

    private static void AppendHeatmap(StringBuilder html, Heatmap heatmap)
    {
        html.Append(Heading(heatmap.Title)).Append("<figure>\n").Append(HeatmapSvg.RenderBare(heatmap));
        if (heatmap.Caption.Length > 0)
            html.Append("<figcaption>").Append(Markup.Escape(heatmap.Caption)).Append("</figcaption>\n");
        html.Append("</figure>\n");
    }

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
