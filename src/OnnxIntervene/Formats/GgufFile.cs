using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// A gguf file, versions 2 and 3 (github.com/ggml-org/ggml, docs/gguf.md): metadata, and tensors that are read when
/// asked for. Tensors of F32, F16 and BF16 only; quantised ones are refused.
/// </summary>
public sealed class GgufFile
{
    private readonly string _path;
    private readonly ImmutableSortedDictionary<string, GgufEntry> _entries;

    internal GgufFile(
        string path,
        ImmutableSortedDictionary<string, string> metadata,
        ImmutableSortedDictionary<string, GgufEntry> entries
    )
    {
        _path = path;
        _entries = entries;
        Metadata = metadata;
    }

    /// <summary>Strings, and numbers and booleans as strings; for an array its length.</summary>
    public ImmutableSortedDictionary<string, string> Metadata { get; }

    /// <summary>The tensors' names, sorted.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Reads the header only.</summary>
    /// <exception cref="ModelFormatException">The file is not a well-formed gguf file.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        return new GgufHeader(stream, path).Read();
    }

    /// <summary>A tensor's contents.</summary>
    /// <exception cref="ModelFormatException">
    /// There is no tensor of this name, it is quantised, or the file has become shorter.
    /// </exception>
    public NumericArray Read(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
            throw new ModelFormatException(
                $"'{_path}' has no tensor '{name}'. It has: {string.Join(", ", _entries.Keys.Take(20))}."
            );
        if (ElementConversion.ByteCount(entry.Type) == 0)
            throw new ModelFormatException(
                $"'{_path}', tensor '{name}': its type {entry.Type} is not supported; F32, F16 and BF16 are."
            );
        return ElementConversion.Convert(
            entry.Type,
            new FileSpan(_path, entry.Offset, entry.Length).Read(),
            entry.Shape.AsSpan()
        );
    }
}
