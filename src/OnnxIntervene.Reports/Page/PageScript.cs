using System.Security.Cryptography;
using System.Text;

namespace OnnxIntervene.Reports.Page;

/// <summary>The page's script and style, which are in this assembly, and the policy that allows nothing else.</summary>
internal static class PageScript
{
    private static readonly string[] s_parts =
    [
        "elements.js",
        "numbers.js",
        "axes.js",
        "heatmap-view.js",
        "heatmap-controls.js",
        "line-plot.js",
        "node-graph.js",
        "attention.js",
        "start.js",
    ];

    /// <summary>What the script element holds. The marks around it let the page be XML too.</summary>
    public static string Text { get; } =
        $"\n//<![CDATA[\n\"use strict\";\n(() => {{\n{string.Concat(s_parts.Select(Read))}}})();\n//]]>\n";

    public static string Style { get; } = Read("report.css");

    /// <summary>
    /// The content security policy: with it the browser itself refuses whatever the page might load, run or send.
    /// </summary>
    public static string Policy { get; } =
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        + $"script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))}'";

    // A hash counts every byte, so line ends must not depend on the checkout.
    private static string Read(string name)
    {
        using var stream =
            typeof(PageScript).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks '{name}'. Build it from a full checkout.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
