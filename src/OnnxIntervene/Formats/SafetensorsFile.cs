using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// A file of named tensors, read when asked for (format: github.com/huggingface/safetensors, README).
/// </summary>
public sealed class SafetensorsFile
{
    private readonly string _path;
    private readonly ImmutableSortedDictionary<string, SafetensorsEntry> _entries;

    private SafetensorsFile(string path, ImmutableSortedDictionary<string, SafetensorsEntry> entries)
    {
        _path = path;
        _entries = entries;
    }

    /// <summary>The tensors' names, sorted.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Reads the header only.</summary>
    /// <exception cref="ModelFormatException">The file is not a well-formed safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        return new SafetensorsFile(path, SafetensorsHeader.Read(stream, path));
    }

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>The sizes of a tensor.</summary>
    /// <exception cref="ModelFormatException">There is no tensor of this name.</exception>
    public ImmutableArray<int> Shape(string name) => Entry(name).Shape;

    /// <summary>A tensor's contents, as floats or as 64-bit integers whatever the file stores.</summary>
    /// <exception cref="ModelFormatException">
    /// There is no tensor of this name, or the file has become shorter.
    /// </exception>
    public NumericArray Read(string name)
    {
        var entry = Entry(name);
        var bytes = new FileSpan(_path, entry.Offset, entry.Length).Read();
        return ElementConversion.Convert(entry.Type, bytes, entry.Shape.AsSpan());
    }

    /// <summary>
    /// Writes tensors, sorted by name, under another name in the same folder, and then renames the file.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string path,
        IReadOnlyDictionary<string, NumericArray> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(tensors);
        PendingFile.Write(path, stream => Write(stream, tensors, metadata));
    }

    /// <summary>Writes tensors, sorted by name, into a stream, which stays open.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyDictionary<string, NumericArray> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        var sorted = tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal).ToList();
        var header = Header(sorted, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor) in sorted)
            stream.Write(Bytes(tensor));
    }

    private static byte[] Header(
        List<KeyValuePair<string, NumericArray>> tensors,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            var offset = 0L;
            foreach (var (name, tensor) in tensors)
                offset = WriteEntry(json, name, tensor, offset);
            json.WriteEndObject();
        }

        // The data begins on a multiple of 8 bytes.
        while (stream.Length % 8 != 0)
            stream.WriteByte((byte)' ');
        return stream.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null || metadata.Count == 0)
            return;
        json.WriteStartObject("__metadata__");
        foreach (var (key, content) in metadata)
            json.WriteString(key, content);
        json.WriteEndObject();
    }

    private static long WriteEntry(Utf8JsonWriter json, string name, NumericArray tensor, long offset)
    {
        var end = offset + Bytes(tensor).Length;
        json.WriteStartObject(name);
        json.WriteString("dtype", tensor.IsInteger ? "I64" : "F32");
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
        return end;
    }

    private static ReadOnlySpan<byte> Bytes(NumericArray tensor) =>
        tensor.IsInteger ? MemoryMarshal.AsBytes(tensor.Integers) : MemoryMarshal.AsBytes(tensor.Floats);

    private SafetensorsEntry Entry(string name) =>
        _entries.TryGetValue(name, out var entry)
            ? entry
            : throw new ModelFormatException(
                $"'{_path}' has no tensor '{name}'. It has: {string.Join(", ", _entries.Keys.Take(20))}."
            );

    /// <summary>Reads and checks a header.</summary>
    private static class SafetensorsHeader
    {
        public static ImmutableSortedDictionary<string, SafetensorsEntry> Read(Stream stream, string path)
        {
            Span<byte> prefix = stackalloc byte[8];
            if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
                throw new ModelFormatException($"'{path}' is too short for a safetensors file.");
            var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
            if (length is < 2 or > FileLimits.Header || length > stream.Length - 8)
                throw new ModelFormatException(
                    $"'{path}': the header claims {length} bytes; the file has {stream.Length}."
                );
            var header = new byte[length];
            stream.ReadExactly(header);
            if (header[0] != (byte)'{')
                throw new ModelFormatException($"'{path}': the header does not begin with '{{'.");
            return Entries(
                JsonText.Parse(header, JsonSource.File($"'{path}': the header")),
                8 + length,
                stream.Length,
                path
            );
        }

        private static ImmutableSortedDictionary<string, SafetensorsEntry> Entries(
            JsonPlace header,
            long start,
            long fileLength,
            string path
        )
        {
            var entries = ImmutableSortedDictionary.CreateBuilder<string, SafetensorsEntry>(StringComparer.Ordinal);
            foreach (var member in header.Members().Where(member => member.Name != "__metadata__"))
                entries[member.Name] = SafetensorsEntry.Parse(member, start, fileLength, path);
            CheckLayout(entries, start, fileLength, path);
            return entries.ToImmutable();
        }

        // Every byte belongs to one tensor: otherwise a small file could ask for any amount of memory.
        private static void CheckLayout(
            IEnumerable<KeyValuePair<string, SafetensorsEntry>> entries,
            long start,
            long fileLength,
            string path
        )
        {
            var (end, before) = (start, "the header");
            foreach (
                var (name, entry) in entries.OrderBy(entry => entry.Value.Offset).ThenBy(entry => entry.Value.Length)
            )
            {
                if (entry.Offset != end)
                    throw new ModelFormatException(
                        $"'{path}', tensor '{name}': its data begin at byte {entry.Offset}, but those of {before} end "
                            + $"at {end}; tensors may neither overlap nor leave holes."
                    );
                (end, before) = (entry.Offset + entry.Length, $"'{name}'");
            }

            if (end != fileLength)
                throw new ModelFormatException(
                    $"'{path}': the tensors' data end at byte {end}, but the file has {fileLength} bytes."
                );
        }
    }
}
