using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Formats;

/// <summary>
/// ONNX Runtime's adapter file, <c>.onnx_adapter</c>: tensors by name that a run with the active adapter feeds to the
/// model's inputs (FlatBuffers with the identifier TORT; onnxruntime/lora/adapter_format/adapter_schema.fbs).
/// </summary>
/// <param name="Parameters">The tensors, by the names of the model's inputs.</param>
public sealed record OnnxAdapter(ImmutableSortedDictionary<string, TensorData> Parameters)
{
    /// <summary>The ending of such files.</summary>
    public const string Extension = ".onnx_adapter";

    /// <summary>The author's number of the adapter.</summary>
    public int AdapterVersion { get; init; } = 1;

    /// <summary>The author's number of the model that it is for.</summary>
    public int ModelVersion { get; init; } = 1;

    /// <summary>Reads an adapter whole.</summary>
    /// <exception cref="ModelFormatException">The file is not a well-formed adapter.</exception>
    public static OnnxAdapter Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        if (stream.Length > Array.MaxLength)
            throw new ModelFormatException($"'{path}' has {stream.Length} bytes; an adapter has less than 2 GiB.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new OnnxAdapterReader(bytes, path).Read();
    }

    /// <summary>Writes the file under another name in the same folder, and then renames it.</summary>
    /// <exception cref="InterventionException">The tensors take more than 2 GiB together.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path) => PendingFile.Write(path, Write);

    /// <summary>Writes the adapter into a stream, which stays open.</summary>
    /// <exception cref="InterventionException">
    /// The tensors take more than 2 GiB together, or one is a scalar, of booleans or of texts.
    /// </exception>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        foreach (var (name, data) in Parameters)
        {
            if (data.Dimensions.IsEmpty || data.ElementType is ElementType.Bool or ElementType.Text)
                throw new InterventionException(
                    $"'{name}' is {data}, but ONNX Runtime's adapters hold neither scalars nor booleans nor texts."
                );
        }

        OnnxAdapterWriter.Write(stream, this);
    }
}
