using System.Runtime.InteropServices;

namespace OnnxIntervene.Tensors;

/// <summary>Turns little-endian bytes of any common element type into the two types that arrays hold.</summary>
internal static class ElementConversion
{
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

    /// <summary>The array that the bytes hold.</summary>
    public static NumericArray Convert(string type, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape) =>
        type switch
        {
            "F32" => NumericArray.Of(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), shape),
            "F64" => Floats<double>(bytes, shape, number => (float)number),
            "F16" => Floats<Half>(bytes, shape, number => (float)number),
            "BF16" => Floats<ushort>(bytes, shape, bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)),
            "I64" => NumericArray.Of(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), shape),
            "U64" => Integers<ulong>(bytes, shape, number => (long)number),
            "I32" => Integers<int>(bytes, shape, number => number),
            "U32" => Integers<uint>(bytes, shape, number => number),
            "I16" => Integers<short>(bytes, shape, number => number),
            "U16" => Integers<ushort>(bytes, shape, number => number),
            "I8" => Integers<sbyte>(bytes, shape, number => number),
            _ => Integers<byte>(bytes, shape, number => number),
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

    private static NumericArray Floats<T>(
        ReadOnlySpan<byte> bytes,
        ReadOnlySpan<int> shape,
        Converter<T, float> convert
    )
        where T : unmanaged =>
        NumericArray.Of(Array.ConvertAll(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), convert), shape);

    private static NumericArray Integers<T>(
        ReadOnlySpan<byte> bytes,
        ReadOnlySpan<int> shape,
        Converter<T, long> convert
    )
        where T : unmanaged =>
        NumericArray.Of(Array.ConvertAll(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), convert), shape);
}
