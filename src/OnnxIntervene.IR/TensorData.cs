using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace OnnxIntervene.IR;

/// <summary>
/// The contents of a constant: bytes in memory, bytes that are still in a file, or strings. Immutable.
/// </summary>
public sealed class TensorData
{
    private readonly ReadOnlyMemory<byte> _inline;

    private TensorData(
        ElementType type,
        ImmutableArray<long> dimensions,
        ReadOnlyMemory<byte> inline,
        FileSpan? span,
        ImmutableArray<ReadOnlyMemory<byte>> texts
    )
    {
        ElementType = type;
        Dimensions = dimensions;
        _inline = inline;
        Span = span;
        Texts = texts;
    }

    /// <summary>The type of the elements.</summary>
    public ElementType ElementType { get; }

    /// <summary>The sizes, outermost first; empty for a scalar.</summary>
    public ImmutableArray<long> Dimensions { get; }

    /// <summary>Where the bytes are, when they are not in memory.</summary>
    public FileSpan? Span { get; }

    /// <summary>The elements of a string tensor, as bytes; empty for any other.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Texts { get; }

    /// <summary>A name that the tensor has besides its value's name; tensors in attributes may have one.</summary>
    public string Name { get; init; } = "";

    /// <summary>How many elements there are.</summary>
    public long Count =>
        SizeProduct.Of(Dimensions.AsSpan()) ?? throw new OverflowException($"{this} has no number of elements.");

    /// <summary>How many bytes the elements take, wherever they are.</summary>
    public long ByteLength =>
        Span?.Length ?? (Texts.Length > 0 ? Texts.Sum(text => (long)text.Length) : _inline.Length);

    /// <summary>Fields of the file's tensor that this library does not model.</summary>
    internal ReadOnlyMemory<byte> Unknown { get; init; }

    /// <summary>A tensor of little-endian bytes in memory.</summary>
    /// <exception cref="ArgumentException">The number of bytes does not fit the sizes and the type.</exception>
    public static TensorData FromBytes(ElementType type, ReadOnlySpan<long> dimensions, ReadOnlyMemory<byte> bytes)
    {
        var data = new TensorData(type, [.. dimensions], bytes, null, []);
        var expected = type.ByteCount(data.Count);
        if (expected != bytes.Length)
            throw new ArgumentException(
                $"{type}[{string.Join(", ", data.Dimensions)}] takes {expected} bytes, not {bytes.Length}.",
                nameof(bytes)
            );
        return data;
    }

    /// <summary>A tensor whose bytes stay where they are.</summary>
    public static TensorData FromFile(ElementType type, ReadOnlySpan<long> dimensions, FileSpan span) =>
        new(type, [.. dimensions], default, span, []);

    /// <summary>A tensor of strings.</summary>
    public static TensorData FromTexts(ReadOnlySpan<long> dimensions, ImmutableArray<ReadOnlyMemory<byte>> texts) =>
        new(ElementType.Text, [.. dimensions], default, null, texts);

    /// <summary>A tensor of 32-bit floats.</summary>
    public static TensorData FromFloats(ReadOnlySpan<long> dimensions, ReadOnlySpan<float> values) =>
        FromBytes(ElementType.Float32, dimensions, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A tensor of floating-point numbers of some type, rounded where it is narrower.</summary>
    /// <exception cref="InvalidOperationException">The type is not a floating-point one.</exception>
    internal static TensorData Rounded(ElementType type, ReadOnlySpan<long> dimensions, float[] values) =>
        type switch
        {
            ElementType.Float32 => FromFloats(dimensions, values),
            ElementType.Float64 => FromBytes(type, dimensions, Bytes(Array.ConvertAll(values, value => (double)value))),
            ElementType.Float16 => FromBytes(type, dimensions, Bytes(Array.ConvertAll(values, value => (Half)value))),
            ElementType.BFloat16 => FromBytes(type, dimensions, Bytes(Array.ConvertAll(values, ToBFloat16))),
            _ => throw new InvalidOperationException($"A tensor of {type} holds no floating-point numbers."),
        };

    private static byte[] Bytes<T>(T[] values)
        where T : struct => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    // To the nearest, ties to even.
    private static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>A tensor of 64-bit integers.</summary>
    public static TensorData FromIntegers(ReadOnlySpan<long> dimensions, ReadOnlySpan<long> values) =>
        FromBytes(ElementType.Int64, dimensions, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The same contents under another name.</summary>
    internal TensorData With(string name, ReadOnlyMemory<byte> unknown) =>
        new(ElementType, Dimensions, _inline, Span, Texts) { Name = name, Unknown = unknown };

    /// <summary>The little-endian bytes; read from the file when they are there.</summary>
    /// <exception cref="ModelFormatException">The file no longer holds them.</exception>
    public ReadOnlyMemory<byte> ReadBytes() => Span?.Read() ?? _inline;

    /// <summary>
    /// The elements as 32-bit floats, widened or narrowed where they are of another floating-point type.
    /// </summary>
    /// <exception cref="InvalidOperationException">The elements are not floating-point numbers.</exception>
    public float[] ReadFloats()
    {
        var bytes = ReadBytes().Span;
        return ElementType switch
        {
            ElementType.Float32 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            ElementType.Float64 => Array.ConvertAll(
                MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
                value => (float)value
            ),
            ElementType.Float16 => Array.ConvertAll(
                MemoryMarshal.Cast<byte, Half>(bytes).ToArray(),
                value => (float)value
            ),
            ElementType.BFloat16 => Array.ConvertAll(
                MemoryMarshal.Cast<byte, ushort>(bytes).ToArray(),
                value => BitConverter.UInt32BitsToSingle((uint)value << 16)
            ),
            _ => throw new InvalidOperationException($"A tensor of {ElementType} holds no floating-point numbers."),
        };
    }

    /// <summary>The elements as 64-bit integers.</summary>
    /// <exception cref="InvalidOperationException">The elements are neither 32- nor 64-bit integers.</exception>
    public long[] ReadIntegers()
    {
        var bytes = ReadBytes().Span;
        return ElementType switch
        {
            ElementType.Int64 => MemoryMarshal.Cast<byte, long>(bytes).ToArray(),
            ElementType.Int32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), value => (long)value),
            _ => throw new InvalidOperationException($"A tensor of {ElementType} holds no 32- or 64-bit integers."),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ElementType}[{string.Join(", ", Dimensions)}]";
}
