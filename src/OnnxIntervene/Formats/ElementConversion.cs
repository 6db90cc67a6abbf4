using System.Runtime.InteropServices;

namespace OnnxIntervene.Formats;

/// <summary>Turns little-endian bytes of any common element type into the two types that arrays hold.</summary>
internal static class ElementConversion
{
    /// <summary>Bytes of one element of a type, by safetensors' names; 0 for a type that is not known.</summary>
    public static int ByteCount(string type) => type switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => 0,
    };

    /// <summary>The array that the bytes are.</summary>
    public static NumericArray Convert(string type, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape) => type switch
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

    private static NumericArray Floats<T>(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape, Converter<T, float> convert)
        where T : unmanaged => NumericArray.Of(Array.ConvertAll(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), convert), shape);

    private static NumericArray Integers<T>(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape, Converter<T, long> convert)
        where T : unmanaged => NumericArray.Of(Array.ConvertAll(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), convert), shape);
}
