using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>Reads a gguf header. Never takes more memory than the file has bytes.</summary>
internal sealed class GgufHeader(Stream stream, string path)
{
    private const uint Magic = 0x46554747;
    private const int MostAxes = 4;
    private const int DeepestArray = 4;
    private const uint LargestAlignment = 1 << 20;
    private const ulong LargestText = 1 << 24;

    // Each takes more memory than file. Models have a few thousand tensors and some dozen entries.
    private const long MostNamed = 1 << 16;

    public GgufFile Read()
    {
        if (Unsigned(4) != Magic)
            throw new ModelFormatException($"'{path}' is not a gguf file.");
        if (Unsigned(4) is var version and not (2 or 3))
            throw new ModelFormatException($"'{path}': gguf version {version} is not supported; 2 and 3 are.");
        var tensorCount = Count("tensors");
        var metadataCount = Count("entries of metadata");
        if (tensorCount > MostNamed || metadataCount > MostNamed)
            throw new ModelFormatException(
                $"'{path}' claims {tensorCount} tensors and {metadataCount} entries of metadata; at most {MostNamed} "
                    + "are read."
            );
        var metadata = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (var index = 0L; index < metadataCount; index++)
        {
            var key = Text();
            if (!metadata.TryAdd(key, Content((uint)Unsigned(4), 0)))
                throw new ModelFormatException($"'{path}' has two entries of metadata '{key}'.");
        }

        var infos = new List<(string Name, ImmutableArray<ulong> Sizes, uint Type, ulong Offset)>();
        for (var index = 0L; index < tensorCount; index++)
            infos.Add((Text(), Sizes(), (uint)Unsigned(4), Unsigned(8)));
        var alignment = Alignment(metadata.GetValueOrDefault("general.alignment", "32"));
        var start = Aligned(stream.Position, alignment);
        var entries = ImmutableSortedDictionary.CreateBuilder<string, GgufEntry>(StringComparer.Ordinal);
        foreach (var (name, sizes, type, offset) in infos)
        {
            if (!entries.TryAdd(name, Entry(name, sizes, type, offset, start)))
                throw new ModelFormatException($"'{path}' has two tensors '{name}'.");
        }

        CheckOverlap(entries);
        CheckOrder(infos.Select(info => (info.Name, entries[info.Name])), start, alignment);
        return new GgufFile(path, metadata.ToImmutable(), entries.ToImmutable());
    }

    // Tensors over the same bytes would let a small file ask for any amount of memory.
    private void CheckOverlap(IEnumerable<KeyValuePair<string, GgufEntry>> entries)
    {
        var (end, before) = (0L, "");
        foreach (var (name, entry) in entries.OrderBy(entry => entry.Value.Offset).ThenBy(entry => entry.Value.Length))
        {
            if (entry.Offset < end)
                throw new ModelFormatException($"'{path}': the data of the tensors '{before}' and '{name}' overlap.");
            (end, before) = (entry.Offset + entry.Length, name);
        }
    }

    // As ggml reads them: in the order of the header, each at the next multiple after the one before. A place that was
    // changed would give other numbers without an error.
    private void CheckOrder(IEnumerable<(string Name, GgufEntry Entry)> tensors, long start, long alignment)
    {
        var next = start;
        foreach (var (name, entry) in tensors)
        {
            if (entry.Offset != next)
                throw new ModelFormatException(
                    $"'{path}', tensor '{name}': its data begin at byte {entry.Offset}, but by those before it they "
                        + $"begin at {next}. The file is damaged; get it again."
                );
            // How long quantised tensors are is not known here.
            if (ElementConversion.ByteCount(entry.Type) == 0)
                return;
            next = Aligned(entry.Offset + entry.Length, alignment);
        }
    }

    private GgufEntry Entry(string name, ImmutableArray<ulong> sizes, uint type, ulong offset, long start)
    {
        var typeName = type switch
        {
            0 => "F32",
            1 => "F16",
            30 => "BF16",
            _ => $"number {type}",
        };
        var length = Length(sizes, ElementConversion.ByteCount(typeName));
        var room = stream.Length - start;
        if (length < 0 || room < 0 || offset > (ulong)room || (ulong)length > (ulong)room - offset)
            throw new ModelFormatException(
                $"'{path}', tensor '{name}': [{string.Join(", ", sizes)}] of {typeName} at {offset} are not in the "
                    + $"file."
            );

        // gguf counts axes from the innermost.
        return new GgufEntry(typeName, [.. sizes.Reverse().Select(size => (int)size)], start + (long)offset, length);
    }

    // -1 for sizes that no tensor of this file has.
    private long Length(ImmutableArray<ulong> sizes, int elementBytes)
    {
        if (sizes.Any(size => size is 0 or > int.MaxValue))
            return -1;
        int[] shape = [.. sizes.Select(size => (int)size)];
        return SizeProduct.Of(shape, elementBytes) is { } length && length <= stream.Length ? length : -1;
    }

    private static long Aligned(long place, long alignment) => (place + alignment - 1) / alignment * alignment;

    private long Alignment(string alignment)
    {
        if (
            !uint.TryParse(alignment, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || size is 0 or > LargestAlignment
        )
            throw new ModelFormatException($"'{path}': the alignment '{alignment}' is not understood.");
        return size;
    }

    private ImmutableArray<ulong> Sizes()
    {
        var count = Unsigned(4);
        if (count > MostAxes)
            throw new ModelFormatException($"'{path}': a tensor has {count} axes; gguf has at most {MostAxes}.");
        var sizes = ImmutableArray.CreateBuilder<ulong>();
        for (var axis = 0ul; axis < count; axis++)
            sizes.Add(Unsigned(8));
        return sizes.ToImmutable();
    }

    private string Content(uint type, int depth) =>
        type switch
        {
            0 => Unsigned(1).ToString(CultureInfo.InvariantCulture),
            1 => ((sbyte)Unsigned(1)).ToString(CultureInfo.InvariantCulture),
            2 => Unsigned(2).ToString(CultureInfo.InvariantCulture),
            3 => ((short)Unsigned(2)).ToString(CultureInfo.InvariantCulture),
            4 => Unsigned(4).ToString(CultureInfo.InvariantCulture),
            5 => ((int)Unsigned(4)).ToString(CultureInfo.InvariantCulture),
            6 => BitConverter.UInt32BitsToSingle((uint)Unsigned(4)).ToString(CultureInfo.InvariantCulture),
            7 => Unsigned(1) == 0 ? "false" : "true",
            8 => Text(),
            9 when depth < DeepestArray => Array(depth),
            10 => Unsigned(8).ToString(CultureInfo.InvariantCulture),
            11 => ((long)Unsigned(8)).ToString(CultureInfo.InvariantCulture),
            12 => BitConverter.UInt64BitsToDouble(Unsigned(8)).ToString(CultureInfo.InvariantCulture),
            _ => throw new ModelFormatException(
                $"'{path}': metadata of the type {type}, {depth} arrays deep, is not supported."
            ),
        };

    private string Array(int depth)
    {
        var type = (uint)Unsigned(4);
        var count = Count("elements of an array");
        for (var index = 0L; index < count; index++)
            Content(type, depth + 1);
        return count.ToString(CultureInfo.InvariantCulture);
    }

    // Each counted item takes at least a byte.
    private long Count(string what)
    {
        var count = Unsigned(8);
        return count <= (ulong)(stream.Length - stream.Position)
            ? (long)count
            : throw new ModelFormatException($"'{path}' claims {count} {what}; the file has {stream.Length} bytes.");
    }

    private string Text()
    {
        var length = Unsigned(8);
        if (length > Math.Min((ulong)(stream.Length - stream.Position), LargestText))
            throw new ModelFormatException(
                $"'{path}': a text claims {length} bytes; {stream.Length - stream.Position} are left."
            );
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private ulong Unsigned(int length)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        return stream.ReadAtLeast(bytes[..length], length, throwOnEndOfStream: false) == length
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : throw new ModelFormatException($"'{path}' ends in its header. Is it cut off?");
    }
}
