namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Reads the matrix of ONNX Runtime's GatherBlockQuantized in floating point: 4 or 8 bits an element, low bits first, a
/// scale and a zero point for each block of a row (ONNX Runtime, docs/ContribOperators.md).
/// </summary>
internal static class QuantizedRows
{
    /// <summary>
    /// The matrix, <c>[rows, width]</c>; null when the node's constants do not have the sizes that its attributes name.
    /// </summary>
    public static TensorData? Read(Node node)
    {
        var bits = (int)(node.FindAttribute("bits")?.Integer ?? 4);
        var block = (int)(node.FindAttribute("block_size")?.Integer ?? 128);
        if (
            bits is not (4 or 8)
            || block < 16
            || node.FindAttribute("gather_axis") is { Integer: not 0 }
            || node.FindAttribute("quantize_axis") is { Integer: not (1 or -1) }
            || Constant(node.InputOrNull(0)) is not { ElementType: ElementType.UInt8 } packed
            || Constant(node.InputOrNull(2))
                is not {
                    Dimensions: [var rows, var blocks],
                    ElementType: ElementType.Float32 or ElementType.Float16
                } scales
            || packed.Count * (8 / bits) != rows * blocks * block
        )
            return null;
        var zeros = Constant(node.InputOrNull(3));
        var zerosPerRow = bits == 4 ? (blocks + 1) / 2 : blocks;
        if (zeros is not null && zeros.Count != rows * zerosPerRow)
            return null;
        var values = Dequantize(
            packed.ReadBytes().Span,
            scales.ReadFloats(),
            zeros is null ? default : zeros.ReadBytes().Span,
            (int)blocks,
            block,
            bits
        );
        return TensorData.FromFloats([rows, blocks * block], values);
    }

    private static float[] Dequantize(
        ReadOnlySpan<byte> packed,
        float[] scales,
        ReadOnlySpan<byte> zeros,
        int blocks,
        int block,
        int bits
    )
    {
        var values = new float[SizeProduct.ToMake(sizeof(float), "The embedding", scales.Length, block)];
        for (var index = 0; index < scales.Length; index++)
        {
            var (row, column) = Math.DivRem(index, blocks);
            var zero = zeros.IsEmpty
                ? 1 << (bits - 1)
                : PackedLevels.Read(zeros[(row * (bits == 4 ? (blocks + 1) / 2 : blocks))..], column, bits, false);
            for (var offset = 0; offset < block; offset++)
                values[(index * block) + offset] =
                    (PackedLevels.Read(packed, (index * block) + offset, bits, false) - zero) * scales[index];
        }

        return values;
    }

    // Another operator may hold the same bytes in other axes.
    private static TensorData? Constant(Value? value) =>
        value?.Initializer
        ?? (
            value?.Producer is { Operator.OperatorType: "Reshape" or "Identity" } arranged
                ? arranged.InputOrNull(0)?.Initializer
                : null
        );
}
