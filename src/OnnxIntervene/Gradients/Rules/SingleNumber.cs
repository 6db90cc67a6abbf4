using System.Runtime.InteropServices;
using OnnxIntervene.IR;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>A constant of one number in the element type that is computed in.</summary>
internal static class SingleNumber
{
    /// <summary>The constant; a scalar where no sizes are given.</summary>
    /// <exception cref="InterventionException">Nothing is differentiated in this element type.</exception>
    public static TensorData Of(ElementType type, double number, params ReadOnlySpan<long> sizes) =>
        TensorData.FromBytes(
            type,
            sizes,
            type switch
            {
                ElementType.Float32 => Bytes((float)number),
                ElementType.Float64 => Bytes(number),
                ElementType.Float16 => Bytes((Half)number),
                ElementType.BFloat16 => Bytes((ushort)(BitConverter.SingleToUInt32Bits((float)number) >> 16)),
                ElementType.Int64 => Bytes((long)number),
                ElementType.Int32 => Bytes((int)number),
                _ => throw new InterventionException($"Gradients of {type} numbers are not known."),
            }
        );

    private static byte[] Bytes<T>(T number)
        where T : unmanaged => MemoryMarshal.AsBytes(new[] { number }.AsSpan()).ToArray();
}
