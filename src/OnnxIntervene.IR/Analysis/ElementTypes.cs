namespace OnnxIntervene.IR.Analysis;

/// <summary>What a value's elements are, as far as the file or the nodes before it tell.</summary>
internal static class ElementTypes
{
    private const int DeepestChain = 200;

    /// <summary>The element type; 32-bit floats when nothing tells.</summary>
    public static ElementType Of(Value value)
    {
        for (var (at, depth) = (value, 0); depth < DeepestChain; depth++)
        {
            if (at.Type is { ElementType: not ElementType.Undefined and var known })
                return known;
            if (at.Initializer is { } data)
                return data.ElementType;
            if (at.Producer is not { } producer)
                break;
            if (Fixed(producer, at) is { } given)
                return given;
            if (Next(producer, at) is not { } input)
                break;
            at = input;
        }

        return ElementType.Float32;
    }

    // What the operator gives whatever it reads, or says in an attribute.
    private static ElementType? Fixed(Node node, Value output) =>
        node.Operator.OperatorType switch
        {
            "Cast" when node.FindAttribute("to") is { } to => (ElementType)to.Integer,
            "Shape" or "Size" or "NonZero" or "ArgMax" or "ArgMin" => ElementType.Int64,
            "TopK" when node.OutputOrNull(1) == output => ElementType.Int64,
            "Equal"
            or "Greater"
            or "GreaterOrEqual"
            or "Less"
            or "LessOrEqual"
            or "And"
            or "Or"
            or "Xor"
            or "Not"
            or "IsNaN"
            or "IsInf" => ElementType.Bool,
            "MatMulInteger" or "ConvInteger" => ElementType.Int32,
            "DynamicQuantizeLinear" => node.OutputOrNull(1) == output ? ElementType.Float32 : ElementType.UInt8,
            "QuantizeLinear" when node.FindAttribute("output_dtype") is { Integer: not 0 } type => (ElementType)
                type.Integer,
            "QuantizeLinear" when node.InputOrNull(2) is null => ElementType.UInt8,
            "Constant"
                when node.FindAttribute("value_ints") is not null || node.FindAttribute("value_int") is not null =>
                ElementType.Int64,
            "ConstantOfShape" when node.FindAttribute("value") is null => ElementType.Float32,
            _ => node.FindAttribute("value") is { Kind: AttributeKind.Tensor } constant
                ? constant.Tensor.ElementType
                : null,
        };

    // The value that the output takes its type from: the first input, but for operators that choose, quantise or run a
    // subgraph.
    private static Value? Next(Node node, Value output) =>
        node.Operator.OperatorType switch
        {
            "Where" or "DequantizeLinear" or "CastLike" => node.InputOrNull(1),
            "GatherBlockQuantized"
            or "EmbedLayerNormalization"
            or "QuantizeLinear"
            or "OneHot"
            or "MatMulIntegerToFloat" => node.InputOrNull(2),
            "QLinearMatMul" or "QLinearConv" => node.InputOrNull(7),
            "If" or "Loop" or "Scan" => Inner(node, output),
            _ => node.InputOrNull(0),
        };

    // A loop's body gives, besides what the loop gives, whether it goes on.
    private static Value? Inner(Node node, Value output)
    {
        var index = node.Outputs.ToList().IndexOf(output) + (node.Operator.OperatorType == "Loop" ? 1 : 0);
        return node.Subgraphs.FirstOrDefault() is { } body && index < body.Outputs.Count ? body.Outputs[index] : null;
    }
}
