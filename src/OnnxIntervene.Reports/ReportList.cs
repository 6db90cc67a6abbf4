using System.Text;
using System.Text.RegularExpressions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Reports;

/// <summary>
/// The names of a report's pictures, kept in its page: the next report of the same name removes those that it has not.
/// </summary>
internal static partial class ReportList
{
    private const int LargestHead = 1 << 16;

    /// <summary>The page's element that lists them.</summary>
    public static string Element(IReadOnlyCollection<string> pictures) =>
        pictures.Count == 0 ? "" : $"\n<meta name=\"pictures\" content=\"{string.Join('/', pictures)}\"/>";

    /// <summary>The pictures and tables of the report of a name in a folder, if there is one.</summary>
    public static IEnumerable<string> Read(string folder, string name)
    {
        var page = Path.Combine(folder, $"{name}.html");
        if (!File.Exists(page))
            return [];
        using var stream = RegularFile.Open(page, message => new IOException(message), isPage: true);
        var head = new byte[LargestHead];
        var length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return Pattern()
            .Match(Encoding.UTF8.GetString(head, 0, length))
            .Groups["names"]
            .Value.Split('/', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(picture => new[] { $"{name}-{picture}.png", $"{name}-{picture}.csv" });
    }

    // The letters of the names that we give.
    [GeneratedRegex("<meta name=\"pictures\" content=\"(?<names>[A-Za-z0-9._/-]*)\"/>")]
    private static partial Regex Pattern();
}
