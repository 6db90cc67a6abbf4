namespace OnnxIntervene.IR.Serialization;

/// <summary>Hard links to weight files in a model's folder, by which the model refers to them.</summary>
internal sealed class WeightLinks
{
    private readonly Dictionary<string, string> _locations = new(StringComparer.Ordinal);
    private readonly WeightPlacement _placement;

    private WeightLinks(WeightPlacement placement) => _placement = placement;

    /// <summary>Links every file of weights that is not in the folder of <paramref name="modelPath"/>.</summary>
    public static WeightLinks Make(WeightPlacement placement, string modelPath, PendingFiles files)
    {
        var links = new WeightLinks(placement);
        var full = Path.GetFullPath(modelPath);
        var folder = Path.GetDirectoryName(full)!;
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { Path.GetFileName(full) };
        foreach (var file in placement.Files.Order(StringComparer.Ordinal))
        {
            var inside = Path.GetRelativePath(folder, file);
            if (!Path.IsPathRooted(inside) && !inside.StartsWith("..", StringComparison.Ordinal) && file != full)
            {
                links._locations.Add(file, inside.Replace('\\', '/'));
                continue;
            }

            var name = Unique(Path.GetFileName(file), taken);
            files.Link(file, Path.Combine(folder, name));
            links._locations.Add(file, name);
        }

        return links;
    }

    /// <summary>Where a constant's contents are, seen from the model's folder; null for inline.</summary>
    public FileSpan? Place(Value value) =>
        _placement.SpanOf(value) is { } span ? span with { Path = _locations[span.Path] } : null;

    private static string Unique(string name, HashSet<string> taken)
    {
        var wish = taken.Contains(name) ? $"original-{name}" : name;
        for (var number = 2; !taken.Add(wish); number++)
            wish = $"original-{number}-{name}";
        return wish;
    }
}
