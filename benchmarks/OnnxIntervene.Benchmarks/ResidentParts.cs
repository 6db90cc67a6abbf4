using System.Globalization;

namespace OnnxIntervene.Benchmarks;

/// <summary>Where the memory of this process sits, from Linux's list of its mappings.</summary>
internal static class ResidentParts
{
    private const string List = "/proc/self/smaps";
    private const string ResidentField = "Rss:";
    private const double Shown = 0.5e6;

    /// <summary>The parts of at least half a megabyte, the largest first; empty on other systems.</summary>
    public static string Describe()
    {
        if (!File.Exists(List))
            return "";
        var (parts, part) = (new Dictionary<string, double>(StringComparer.Ordinal), "");
        foreach (var line in File.ReadLines(List))
        {
            if (char.IsAsciiHexDigitLower(line[0]))
                part = PartOf(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            else if (line.StartsWith(ResidentField, StringComparison.Ordinal))
                parts[part] = parts.GetValueOrDefault(part) + BytesOf(line);
        }

        return string.Join(
            ", ",
            parts
                .Where(found => found.Value >= Shown)
                .OrderByDescending(found => found.Value)
                .Select(found => $"{found.Key} {found.Value / 1e6:F1}")
        );
    }

    // Addresses, rights, offset, device, node, and a path where there is one.
    private static string PartOf(string[] mapping) =>
        (mapping.Length > 5 ? mapping[5] : "") switch
        {
            "" or "[heap]" => "allocated",
            var path when path.Contains("doublemapper", StringComparison.Ordinal) => "compiled code",
            var path when path.Contains("libonnxruntime", StringComparison.Ordinal) => "ONNX Runtime's library",
            var path when path.Contains(".so", StringComparison.Ordinal) => "other libraries",
            var path when path.EndsWith(".dll", StringComparison.Ordinal) => "assemblies",
            var path => Path.GetFileName(path),
        };

    private static double BytesOf(string line) =>
        1024 * double.Parse(line[ResidentField.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);
}
