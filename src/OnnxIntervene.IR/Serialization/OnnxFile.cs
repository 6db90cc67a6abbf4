using Google.Protobuf;
using OnnxIntervene.IR.Files;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>Reads and writes ONNX files as <see cref="Model"/>.</summary>
public static class OnnxFile
{
    private const long LargestSingleFile = 1L << 30;

    /// <summary>
    /// Reads a model's wiring. The contents of large tensors stay in the file, which must stay where it is. O(wiring).
    /// </summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a well-formed ONNX model; the message names the place.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Model Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'. Give the path of an .onnx file.");
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message), bufferSize: 0);
        if (ForeignContents.OfModel(stream) is { } other)
            throw new ModelFormatException($"'{path}' is not an ONNX model but {other}.");
        return ModelReader.Read(stream, path);
    }

    /// <summary>
    /// Writes a model to a new file, weights included; above 1 GiB these go to a file beside it, whose name holds the
    /// hash of its contents. However the writing ends, the file at <paramref name="path"/> is the older model or this
    /// one, each with its own weights.
    /// </summary>
    /// <exception cref="InvalidGraphException">The model breaks rules of ONNX; nothing is written.</exception>
    /// <exception cref="OperationCanceledException">The writing was cancelled; no file is left.</exception>
    public static void Save(Model model, string path, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        Save(model, path, new SaveSteps { CopiesWeights = true }, cancellation);
    }

    /// <summary>
    /// Writes a model as a small file that refers to the original's weights: files that are elsewhere are hard-linked
    /// beside it, since ONNX Runtime opens no file outside a model's folder. O(wiring).
    /// </summary>
    /// <exception cref="InvalidGraphException">The model breaks rules of ONNX; nothing is written.</exception>
    /// <exception cref="IOException">
    /// A file cannot be linked there: another drive, or a file system without links.
    /// </exception>
    public static void SaveReferencing(Model model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        Save(model, path, new SaveSteps(), CancellationToken.None);
    }

    /// <summary>Writes a model and what belongs beside it, and looks at it before it gets its name.</summary>
    /// <exception cref="InvalidGraphException">The model breaks rules of ONNX; nothing is written.</exception>
    /// <exception cref="IOException">A file cannot be written or linked.</exception>
    internal static void Save(Model model, string path, SaveSteps steps, CancellationToken cancellation)
    {
        GraphVerifier.Verify(model);
        using var files = Begin(path);
        var proto = new ModelWriter(new TensorWriter(Placement(model, path, steps, files, cancellation))).Write(model);
        cancellation.ThrowIfCancellationRequested();
        files.Write(Path.GetFileName(path), stream => proto.WriteTo(stream));
        foreach (var (name, write) in steps.Beside)
            files.Write(name, write);
        Check(proto, files, Path.GetFileName(path), steps);
        cancellation.ThrowIfCancellationRequested();
        files.Commit(() => LeftWeights.In(Path.GetDirectoryName(Path.GetFullPath(path))!));
    }

    private static void Check(ModelProto proto, PendingFolder files, string name, SaveSteps steps)
    {
        var found = steps.Check?.Invoke(files.Staged(name)) ?? [];
        if (found.IsEmpty)
            return;
        foreach (var (key, text) in found)
            proto.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = text });
        File.Delete(files.Staged(name));
        files.Write(name, stream => proto.WriteTo(stream));
    }

    private static Func<Value, FileSpan?> Placement(
        Model model,
        string path,
        SaveSteps steps,
        PendingFolder files,
        CancellationToken cancellation
    )
    {
        if (steps.CopiesWeights)
            return PlaceData(model, path, files, cancellation);
        var links = WeightPlacement.Of(model) is { } placement
            ? WeightLinks.Make(placement, path, files, linksAll: steps.Check is not null)
            : null;
        return value => links?.Place(value);
    }

    /// <summary>The model as bytes that refer to the original file's weights. O(wiring).</summary>
    public static ReferencingModel Reference(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var placement = WeightPlacement.Of(model);
        var proto = new ModelWriter(new TensorWriter(value => placement?.Place(value))).Write(model);
        return new ReferencingModel(proto.ToByteArray(), placement?.Folder)
        {
            Referenced = [.. placement?.Values ?? []],
        };
    }

    /// <summary>Writes a model whose weights are small, contents included.</summary>
    internal static void Write(Model model, Stream stream) =>
        new ModelWriter(new TensorWriter(_ => null)).Write(model).WriteTo(stream);

    private static Func<Value, FileSpan?> PlaceData(
        Model model,
        string path,
        PendingFolder files,
        CancellationToken cancellation
    )
    {
        if (model.Graph.Initializers.Sum(value => value.Initializer?.ByteLength ?? 0) <= LargestSingleFile)
            return _ => null;
        var data = new DataFile(model);
        return data.Place(files.WriteNamed(Path.GetFileName(path), stream => data.WriteTo(stream, cancellation)));
    }

    private static PendingFolder Begin(string path) =>
        new(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
}
