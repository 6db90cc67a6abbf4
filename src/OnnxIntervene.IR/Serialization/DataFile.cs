namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// A file beside a model that holds the contents of its large constants, in sequence, each starting on a new page.
/// </summary>
internal sealed class DataFile
{
    private const long Alignment = 4096;
    private readonly Dictionary<Value, FileSpan> _spans = [];

    public DataFile(Model model)
    {
        var offset = 0L;
        foreach (var value in model.Graph.Initializers)
        {
            if (
                value.Initializer is not { } data
                || data.ElementType.CarriesShapes()
                || data.ByteLength <= WireScanner.LargestInline
            )
                continue;
            _spans.Add(value, new FileSpan("", offset, data.ByteLength));
            offset = (offset + data.ByteLength + Alignment - 1) / Alignment * Alignment;
        }
    }

    /// <summary>Where each constant is once the file has a name; null for inline.</summary>
    public Func<Value, FileSpan?> Place(string location) =>
        value => _spans.TryGetValue(value, out var span) ? span with { Path = location } : null;

    public void WriteTo(Stream stream, CancellationToken cancellation)
    {
        foreach (var (value, span) in _spans)
        {
            cancellation.ThrowIfCancellationRequested();
            stream.Position = span.Offset;
            stream.Write(value.Initializer!.ReadBytes().Span);
        }
    }
}
