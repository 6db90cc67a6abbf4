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
            if (producer.Operator.OperatorType is "Shape" or "Size" or "NonZero" or "ArgMax" or "ArgMin")
                return ElementType.Int64;
            if (producer.Operator.OperatorType is "Equal" or "Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual" or "Not" or "And" or "Or")
                return ElementType.Bool;
            if (producer.Operator.OperatorType == "Cast" && producer.FindAttribute("to") is { } to)
                return (ElementType)to.Integer;
            if (producer.FindAttribute("value") is { Kind: AttributeKind.Tensor } constant)
                return constant.Tensor.ElementType;
            // A choice, an embedding and a dequantisation take their type from elsewhere than the first input.
            var index = producer.Operator.OperatorType is "Where" or "DequantizeLinear" ? 1 : producer.Operator.OperatorType is "GatherBlockQuantized" or "EmbedLayerNormalization" ? 2 : 0;
            if (producer.InputOrNull(index) is not { } input)
                break;
            at = input;
        }

        return ElementType.Float32;
    }
}
