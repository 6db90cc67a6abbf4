using System.Globalization;
using System.Net;
using System.Text;

namespace OnnxIntervene.Reports;

/// <summary>Writes a report as one page that needs nothing else: no script, no font and no picture from elsewhere.</summary>
public static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1e1e1e; background: #fff; }
        h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        table { border-collapse: collapse; } th { text-align: left; font-weight: 600; padding-right: 1.5rem; } td, th { padding-top: .15rem; }
        svg { max-width: 100%; height: auto; font: 13px "DejaVu Sans", Verdana, sans-serif; fill: #1e1e1e; }
        pre { background: #f4f4f6; padding: .75rem; overflow-x: auto; }
        """;

    /// <summary>The page.</summary>
    public static string Render(Report report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{Escape(report.Title)}</title>\n");
        html.Append(CultureInfo.InvariantCulture, $"<style>\n{Style}\n</style>\n</head>\n<body>\n<h1>{Escape(report.Title)}</h1>\n<p>{Escape(report.Summary)}</p>\n<table>\n");
        foreach (var fact in report.Facts)
            html.Append(CultureInfo.InvariantCulture, $"<tr><th>{Escape(fact.Name)}</th><td>{Escape(fact.Value)}</td></tr>\n");
        html.Append("</table>\n");
        foreach (var (_, heatmap) in report.Heatmaps)
            html.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(heatmap.Title)}</h2>\n{HeatmapSvg.Render(heatmap)}");
        if (report.Command.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<h2>Made by</h2>\n<pre>{Escape(report.Command)}</pre>\n");

        // A "<" inside a script would let a token's text end it.
        html.Append(CultureInfo.InvariantCulture, $"<script type=\"application/json\" id=\"result\">\n{report.Json.Replace("<", "\\u003C", StringComparison.Ordinal)}\n</script>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
