using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace OnnxIntervene.Tensors;

/// <summary>Turns little-endian bytes of any common element type into the two types that arrays hold.</summary>
internal static class ElementConversion
{
    private const int LargestPart = 1 << 14;

    /// <summary>Bytes of one element of a type, by safetensors' names; 0 for an unknown type.</summary>
    public static int ByteCount(string type) =>
        type switch
        {
            "F64" or "I64" or "U64" => 8,
            "F32" or "I32" or "U32" => 4,
            "F16" or "BF16" or "I16" or "U16" => 2,
            "I8" or "U8" or "BOOL" => 1,
            _ => 0,
        };

    /// <summary>Bytes that an array takes for one element of a type.</summary>
    public static int ArrayBytes(string type) => IsFloat(type) ? sizeof(float) : sizeof(long);

    /// <summary>The array that the bytes hold.</summary>
    public static NumericArray Convert(string type, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape) =>
        IsFloat(type) ? NumericArray.Of(FloatsOf(type, bytes), shape) : NumericArray.Of(IntegersOf(type, bytes), shape);

    /// <summary>The array that the next bytes of a stream are. Nothing but the array itself is taken for it.</summary>
    /// <exception cref="EndOfStreamException">The stream is shorter.</exception>
    public static NumericArray Read(string type, Stream stream, ReadOnlySpan<int> shape)
    {
        var count = TensorPrimitives.Product<int>([1, .. shape]);
        if (IsFloat(type))
        {
            var floats = new float[count];
            Read(type, stream, floats, FloatsOf);
            return NumericArray.Of(floats, shape);
        }

        var integers = new long[count];
        Read(type, stream, integers, IntegersOf);
        return NumericArray.Of(integers, shape);
    }

    private static void Read<T>(
        string type,
        Stream stream,
        Span<T> array,
        Func<string, ReadOnlySpan<byte>, T[]> convert
    )
        where T : unmanaged
    {
        if (type is "F32" or "I64")
        {
            stream.ReadExactly(MemoryMarshal.AsBytes(array));
            return;
        }

        var elementBytes = ByteCount(type);
        var part = new byte[LargestPart * elementBytes];
        for (var rest = array; rest.Length > 0; )
        {
            var count = Math.Min(rest.Length, LargestPart);
            var bytes = part.AsSpan(0, count * elementBytes);
            stream.ReadExactly(bytes);
            convert(type, bytes).CopyTo(rest);
            rest = rest[count..];
        }
    }

    private static bool IsFloat(string type) => type is "F32" or "F64" or "F16" or "BF16";

    private static float[] FloatsOf(string type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            "F32" => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            "F64" => Floats<double>(bytes, number => (float)number),
            "F16" => Floats<Half>(bytes, number => (float)number),
            _ => Floats<ushort>(bytes, bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)),
        };

    private static long[] IntegersOf(string type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            "I64" => MemoryMarshal.Cast<byte, long>(bytes).ToArray(),
            "U64" => Integers<ulong>(bytes, number => (long)number),
            "I32" => Integers<int>(bytes, number => number),
            "U32" => Integers<uint>(bytes, number => number),
            "I16" => Integers<short>(bytes, number => number),
            "U16" => Integers<ushort>(bytes, number => number),
            "I8" => Integers<sbyte>(bytes, number => number),
            _ => Integers<byte>(bytes, number => number),
        };

    /// <summary>The bytes of an array's elements in a type; the inverse.</summary>
    /// <exception cref="OverflowException">A number does not fit the type, or the bytes do not fit memory.</exception>
    public static ReadOnlyMemory<byte> Bytes(string type, NumericArray array) =>
        type switch
        {
            "F32" => MemoryMarshal.AsBytes(array.Floats).ToArray(),
            "F64" => Bytes<float, double>(array.Floats, number => number),
            "F16" => Bytes<float, Half>(array.Floats, number => (Half)number),
            "BF16" => Bytes<float, ushort>(array.Floats, UpperHalf),
            "I64" => MemoryMarshal.AsBytes(array.Integers).ToArray(),
            "I32" => Bytes<long, int>(array.Integers, number => checked((int)number)),
            "I16" => Bytes<long, short>(array.Integers, number => checked((short)number)),
            "I8" => Bytes<long, sbyte>(array.Integers, number => checked((sbyte)number)),
            "U8" => Bytes<long, byte>(array.Integers, number => checked((byte)number)),
            "BOOL" => Bytes<long, byte>(
                array.Integers,
                number => number is 0 or 1 ? (byte)number : throw new OverflowException($"{number} is not a boolean.")
            ),
            _ => throw new ArgumentException($"arrays are not written as '{type}'.", nameof(type)),
        };

    // Rounds to the nearest, halves to even; a NaN keeps a bit set, so that it stays a NaN.
    private static ushort UpperHalf(float number)
    {
        var bits = BitConverter.SingleToUInt32Bits(number);
        return float.IsNaN(number)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static byte[] Bytes<TFrom, TTo>(ReadOnlySpan<TFrom> numbers, Converter<TFrom, TTo> convert)
        where TTo : unmanaged => MemoryMarshal.AsBytes<TTo>(Array.ConvertAll(numbers.ToArray(), convert)).ToArray();

    private static float[] Floats<T>(ReadOnlySpan<byte> bytes, Func<T, float> convert)
        where T : unmanaged => Converted(bytes, convert);

    private static long[] Integers<T>(ReadOnlySpan<byte> bytes, Func<T, long> convert)
        where T : unmanaged => Converted(bytes, convert);

    private static TTo[] Converted<TFrom, TTo>(ReadOnlySpan<byte> bytes, Func<TFrom, TTo> convert)
        where TFrom : unmanaged
    {
        var numbers = MemoryMarshal.Cast<byte, TFrom>(bytes);
        var converted = GC.AllocateUninitializedArray<TTo>(numbers.Length);
        for (var index = 0; index < converted.Length; index++)
            converted[index] = convert(numbers[index]);
        return converted;
    }
}
