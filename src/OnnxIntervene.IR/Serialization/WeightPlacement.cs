namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Decides which constants a model that runs from memory refers to in the original file, and names them from one
/// folder.
/// </summary>
internal sealed class WeightPlacement
{
    private readonly HashSet<Value> _external;

    private WeightPlacement(string folder, HashSet<Value> external)
    {
        Folder = folder;
        _external = external;
    }

    /// <summary>The folder that every location is relative to: the deepest one that holds all files.</summary>
    public string Folder { get; }

    /// <summary>The constants that are referred to.</summary>
    public IEnumerable<Value> Values => _external;

    /// <summary>The files that hold the constants.</summary>
    public IEnumerable<string> Files => _external.Select(value => value.Initializer!.Span!.Path).Distinct();

    /// <summary>Where a constant's contents are; null for inline.</summary>
    public FileSpan? SpanOf(Value value) => _external.Contains(value) ? value.Initializer!.Span : null;

    /// <summary>A placement for the model, or null when nothing needs a reference.</summary>
    public static WeightPlacement? Of(Model model)
    {
        var external = model.Graph.Initializers.Where(MayBeReferenced).ToHashSet();
        if (external.Count == 0)
            return null;
        var folders = external.Select(value => Path.GetDirectoryName(value.Initializer!.Span!.Path)!).Distinct();
        return new WeightPlacement(folders.Aggregate(CommonFolder), external);
    }

    /// <summary>Where a constant's contents are, seen from <see cref="Folder"/>; null for inline.</summary>
    public FileSpan? Place(Value value) =>
        _external.Contains(value)
            ? value.Initializer!.Span! with
            {
                Path = Path.GetRelativePath(Folder, value.Initializer.Span.Path).Replace('\\', '/'),
            }
            : null;

    // ONNX Runtime reads shapes, axes and flags while it builds the graph and does not look into files then; and
    // ReduceMean rounds differently over bytes that are not aligned.
    private static bool MayBeReferenced(Value value) =>
        value.Initializer is { Span: not null } data
        && data.ByteLength > WireScanner.LargestInline
        && !data.ElementType.CarriesShapes()
        && !value.Uses.Any(use => use.Node.Operator == new OperatorKey("", "ReduceMean"));

    private static string CommonFolder(string left, string right)
    {
        var candidate = left;
        while (
            !(right + Path.DirectorySeparatorChar).StartsWith(
                candidate.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar,
                StringComparison.Ordinal
            )
        )
            candidate =
                Path.GetDirectoryName(candidate)
                ?? throw new IOException(
                    $"'{left}' and '{right}' are on different drives; weights of one model must be on one drive."
                );
        return candidate;
    }
}
