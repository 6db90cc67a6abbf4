using System.Text;
using System.Text.RegularExpressions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Reports;

/// <summary>
/// The names of a report's files, kept in its page: the next report of the same name removes those that it has not.
/// </summary>
internal static partial class ReportList
{
    private const int LargestHead = 1 << 17;

    private static readonly HashSet<string> s_extensions =
    [
        ".png",
        ".svg",
        ".pdf",
        ".csv",
        ".parquet",
        ".json",
        ".safetensors",
    ];

    /// <summary>The page's element that lists them, by what follows the report's name.</summary>
    public static string Element(IReadOnlyCollection<string> endings) =>
        endings.Count == 0 ? "" : $"\n<meta name=\"files\" content=\"{string.Join('/', endings)}\"/>";

    /// <summary>The files of the report of a name in a folder, if there is one.</summary>
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
            .Groups["endings"]
            .Value.Split('/')
            .Where(IsOurs)
            .Append(".html")
            .Select(ending => name + ending);
    }

    // What follows the report's name is nothing or a hyphen and a figure's name; then one of our extensions.
    private static bool IsOurs(string ending) =>
        (ending.StartsWith('-') || ending.LastIndexOf('.') == 0) && s_extensions.Contains(Path.GetExtension(ending));

    // The letters of the names that we give.
    [GeneratedRegex("<meta name=\"files\" content=\"(?<endings>[A-Za-z0-9._/-]*)\"/>")]
    private static partial Regex Pattern();
}
