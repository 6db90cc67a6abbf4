namespace OnnxIntervene.Hub;

/// <summary>Checks paths that come from a server: they must stay in their folder, on every operating system.</summary>
internal static class HubPaths
{
    private const int LongestPath = 1024;

    private static readonly HashSet<string> s_devices = new(
        [
            "CON",
            "PRN",
            "AUX",
            "NUL",
            .. Enumerable.Range(0, 10).SelectMany(number => new[] { $"COM{number}", $"LPT{number}" }),
        ],
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>What is wrong with a path, as the end of a sentence about it; null when nothing is.</summary>
    public static string? Fault(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length is 0 or > LongestPath)
            return $"has {path.Length} characters; 1 to {LongestPath} are allowed";
        if (path.Contains('\\', StringComparison.Ordinal))
            return "holds a backslash";
        return path.Split('/').Select(SegmentFault).FirstOrDefault(fault => fault is not null);
    }

    /// <summary>A path inside a folder, with the system's separators.</summary>
    public static string Inside(string folder, string path) => Path.Combine([folder, .. path.Split('/')]);

    private static string? SegmentFault(string segment) =>
        segment switch
        {
            "" => "is absolute, or has an empty part",
            "." or ".." => "holds '.' or '..', which could leave the folder",
            _ when segment.Any(character =>
                    char.IsControl(character) || "<>:\"|?*".Contains(character, StringComparison.Ordinal)
                ) => "holds a character that no file may have on some systems",
            _ when segment[^1] is '.' or ' ' => "has a part that ends in a dot or a space",
            _ when s_devices.Contains(segment.Split('.')[0].TrimEnd()) =>
                "holds a name that is a device on some systems",
            _ => null,
        };
}
