namespace OnnxIntervene.IR;

/// <summary>Sizes and uses that follow from an element type.</summary>
public static class ElementTypeExtensions
{
    /// <summary>Bits of one element; 0 where elements have no fixed size (strings) or the type is not known.</summary>
    public static int BitWidth(this ElementType type) =>
        type switch
        {
            ElementType.UInt2 or ElementType.Int2 => 2,
            ElementType.UInt4 or ElementType.Int4 or ElementType.Float4E2M1 => 4,
            ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 8,
            >= ElementType.Float8E4M3FN and <= ElementType.Float8E5M2FNUZ or ElementType.Float8E8M0 => 8,
            ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 16,
            ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 32,
            ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 or ElementType.Complex64 => 64,
            ElementType.Complex128 => 128,
            _ => 0,
        };

    /// <summary>
    /// Whether ONNX Runtime may read a tensor of this type at graph-building time (shapes, axes, flags).
    /// </summary>
    public static bool CarriesShapes(this ElementType type) =>
        type is ElementType.Int32 or ElementType.Int64 or ElementType.Bool or ElementType.Text;

    /// <summary>
    /// Whether elements are real floating-point numbers of at least 16 bits, which interventions compute with.
    /// </summary>
    public static bool IsFloat(this ElementType type) =>
        type is ElementType.Float32 or ElementType.Float16 or ElementType.Float64 or ElementType.BFloat16;

    /// <summary>Bytes that <paramref name="count"/> elements take, the last byte padded.</summary>
    /// <exception cref="OverflowException">The number of bytes does not fit 64 bits.</exception>
    public static long ByteCount(this ElementType type, long count) => checked((count * type.BitWidth()) + 7) / 8;
}
