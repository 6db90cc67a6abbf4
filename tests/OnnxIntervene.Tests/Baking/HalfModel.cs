using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Baking;

/// <summary>A model of 32-bit floats as one of 16-bit floats: scales, activations, inputs and outputs.</summary>
internal static class HalfModel
{
    /// <summary>How far a number is from what it is rounded to, as a part of it: 11 bits are kept.</summary>
    public const double Rounding = 1.0 / (1 << 11);

    /// <summary>Rounds every constant, and gives every value the type.</summary>
    public static void Convert(Model model)
    {
        var graph = model.Graph;
        foreach (var value in graph.Initializers.Where(value => value.Initializer!.ElementType == ElementType.Float32))
            value.Initializer = Rounded(value.Initializer!);
        foreach (
            var value in graph.Inputs.Concat(graph.Initializers).Concat(graph.Nodes.SelectMany(node => node.Outputs))
        )
        {
            if (value?.Type is { ElementType: ElementType.Float32 } type)
                value.Type = type with { ElementType = ElementType.Float16 };
        }

        foreach (var node in graph.Nodes)
        {
            if (node.FindAttribute("to") is { Integer: (long)ElementType.Float32 })
                node.SetAttribute(NodeAttribute.Of("to", (long)ElementType.Float16));
            if (
                node.FindAttribute("value") is
                { Kind: AttributeKind.Tensor, Tensor.ElementType: ElementType.Float32 } own
            )
                node.SetAttribute(NodeAttribute.Of("value", Rounded(own.Tensor)));
        }
    }

    private static TensorData Rounded(TensorData data) =>
        TensorData.Rounded(ElementType.Float16, data.Dimensions.AsSpan(), data.ReadFloats());
}
