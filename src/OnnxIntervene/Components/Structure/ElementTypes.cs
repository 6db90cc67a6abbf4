using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

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
            if (producer.Operator.OperatorType == "Cast" && producer.FindAttribute("to") is { } to)
                return (ElementType)to.Integer;
            if (producer.FindAttribute("value") is { Kind: AttributeKind.Tensor } constant)
                return constant.Tensor.ElementType;
            if (Fixed(producer, at) is { } result)
                return result;

            // A choice, an embedding and a dequantisation take their type from elsewhere than the first input.
            var index = producer.Operator.OperatorType switch
            {
                "Where" or "DequantizeLinear" or "CastLike" => 1,
                "GatherBlockQuantized" or "EmbedLayerNormalization" or "OneHot" or "QuantizeLinear" => 2,
                _ => 0,
            };
            if (producer.InputOrNull(index) is not { } input)
                break;
            at = input;
        }

        return ElementType.Float32;
    }

    // Operators whose results are of one type whatever they read.
    private static ElementType? Fixed(Node node, Value output) => node.Operator.OperatorType switch
    {
        "Shape" or "Size" or "NonZero" or "ArgMax" or "ArgMin" => ElementType.Int64,
        "TopK" when node.OutputOrNull(1) == output => ElementType.Int64,
        "Equal" or "Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual" or "Not" or "And" or "Or" or "Xor" or "IsNaN" or "IsInf" => ElementType.Bool,
        "ConstantOfShape" => ElementType.Float32,
        "Constant" when node.FindAttribute("value_ints") is not null || node.FindAttribute("value_int") is not null => ElementType.Int64,
        "MatMulInteger" or "ConvInteger" => ElementType.Int32,
        "DynamicQuantizeLinear" => output == node.Outputs[1] ? ElementType.Float32 : ElementType.UInt8,
        _ => null,
    };
}
