using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that go from floats to small integers and back, or compute on these.</summary>
internal static class QuantizationRules
{
    public static void AddTo(RuleTable table)
    {
        var quantized = Named("output_dtype", ZeroPoint);
        table.Add(quantized, ElementwiseRules.LikeFirst, "QuantizeLinear");
        table.Add(Named("output_dtype", Like(1)), ElementwiseRules.LikeFirst, "DequantizeLinear");
        table.Add(
            (_, output) => output == 1 ? ElementType.Float32 : ElementType.UInt8,
            (node, output) => output == 0 ? new TensorFacts(node.Axes(0)) : TensorFacts.Of(),
            "DynamicQuantizeLinear"
        );
        table.AddMicrosoft(quantized, ElementwiseRules.LikeFirst, "QuantizeLinear");
        table.AddMicrosoft(Like(1), ElementwiseRules.LikeFirst, "DequantizeLinear");
        table.AddMicrosoft(Like(0), ElementwiseRules.LikeFirst, "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax");
        table.AddMicrosoft(
            Like(0, 3),
            (node, _) => new TensorFacts(Broadcasting.Of(node.Axes(0), node.Axes(3))),
            "QLinearAdd",
            "QLinearMul"
        );
        table.AddMicrosoft(Like(2), GatheredBlocks, "GatherBlockQuantized");
    }

    private static TypeOrigin ZeroPoint(Node node, int output) =>
        node.InputOrNull(2) is { } zero ? TypeOrigin.Of(zero) : ElementType.UInt8;

    // Several small integers may share one byte, on the axis of the blocks.
    private static TensorFacts GatheredBlocks(NodeFacts node, int output)
    {
        if (
            node.Axes(0) is not { } data
            || NodeFacts.Place(node.Integer("quantize_axis", 1), data.Length) is not { } place
        )
            return TensorFacts.Unknown;
        var type = node.Node.InputOrNull(0) is { } value
            ? value.Type?.ElementType ?? value.Initializer?.ElementType
            : null;
        if (type is not (ElementType.UInt8 or ElementType.Int4 or ElementType.UInt4))
            return new TensorFacts(ProductOf(data, place, Quantity.Unknown, node));
        var perByte = type == ElementType.UInt8 ? 8 / node.Integer("bits", 4) : 1;
        return new TensorFacts(ProductOf(data, place, Quantity.Of(perByte), node));
    }

    private static Quantity[]? ProductOf(Quantity[] data, int place, Quantity by, NodeFacts node)
    {
        var wide = data.ToArray();
        wide[place] *= by;
        return SelectionRules.Gathered(wide, node.Axes(1), node.Integer("gather_axis", 0));
    }
}
