using OnnxIntervene.IR.Files;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Hard links to weight files in a model's folder, by which the model refers to them. A name holds the hash of the
/// contents, so that models in one folder, one after another or together, never share the weights of others.
/// </summary>
internal sealed class WeightLinks
{
    private readonly Dictionary<string, string> _locations = new(StringComparer.Ordinal);
    private readonly WeightPlacement _placement;

    private WeightLinks(WeightPlacement placement) => _placement = placement;

    /// <summary>Links every file of weights that is not in the folder of <paramref name="modelPath"/>.</summary>
    /// <param name="placement">The weights that are referred to.</param>
    /// <param name="modelPath">The model's file, once it has its name.</param>
    /// <param name="files">The files that are written.</param>
    /// <param name="linksAll">
    /// Whether files in the folder are linked too, so that the model can be run before it has its name.
    /// </param>
    public static WeightLinks Make(WeightPlacement placement, string modelPath, PendingFolder files, bool linksAll)
    {
        var links = new WeightLinks(placement);
        var full = Path.GetFullPath(modelPath);
        var folder = Path.GetDirectoryName(full)!;
        foreach (var file in placement.Files.Order(StringComparer.Ordinal))
        {
            var inside = Path.GetRelativePath(folder, file);
            if (
                !linksAll
                && !Path.IsPathRooted(inside)
                && !inside.StartsWith("..", StringComparison.Ordinal)
                && file != full
            )
            {
                links._locations.Add(file, inside.Replace('\\', '/'));
                continue;
            }

            links._locations.Add(file, files.LinkNamed(file));
        }

        return links;
    }

    /// <summary>Where a constant's contents are, seen from the model's folder; null for inline.</summary>
    public FileSpan? Place(Value value) =>
        _placement.SpanOf(value) is { } span ? span with { Path = _locations[span.Path] } : null;
}
