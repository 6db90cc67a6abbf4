using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Removal;

/// <summary>Shapes that a file computes from constants and from what its values have, with one size changed.</summary>
/// <param name="names">Names for what is added.</param>
internal sealed class ShapeRewrite(NameScope names)
{
    private const int Deepest = 12;

    /// <summary>
    /// The shape with another size at an index, by nodes of its own; the same value where that size is not a constant,
    /// and follows from the values themselves.
    /// </summary>
    public Value With(Value shape, int index, long old, long size, int depth = 0)
    {
        if (shape.Initializer is { } data)
            return Constant(shape, data, index, old, size);
        if (shape.Producer is not { } node || depth > Deepest)
            return shape;
        return node.Operator.OperatorType switch
        {
            "Constant" when node.FindAttribute("value") is { Kind: AttributeKind.Tensor } tensor => Constant(
                shape,
                tensor.Tensor,
                index,
                old,
                size
            ),
            "Concat" => Concatenated(node, index, old, size, depth),
            "Identity" or "Cast" or "Unsqueeze" or "Squeeze" or "Reshape" => Copied(node, 0, index, old, size, depth),
            "Where" => Copied(Copied(node, 1, index, old, size, depth).Producer!, 2, index, old, size, depth),
            _ => shape,
        };
    }

    private Value Constant(Value shape, TensorData data, int index, long old, long size)
    {
        if (data.ElementType is not (ElementType.Int64 or ElementType.Int32) || index >= data.Count)
            return shape;
        var numbers = data.ReadIntegers();
        if (numbers[index] != old)
            return shape;
        numbers[index] = size;
        return Graph(shape)
            .AddInitializer(
                names.Unique($"{shape.Name}/shape"),
                data.ElementType == ElementType.Int64
                    ? TensorData.FromIntegers(data.Dimensions.AsSpan(), numbers)
                    : TensorData.FromBytes(
                        data.ElementType,
                        data.Dimensions.AsSpan(),
                        numbers.SelectMany(number => BitConverter.GetBytes((int)number)).ToArray()
                    )
            );
    }

    // Exporters concatenate single sizes and rows of them.
    private Value Concatenated(Node node, int index, long old, long size, int depth)
    {
        var first = 0;
        for (var part = 0; part < node.Inputs.Count; part++)
        {
            var count = GraphConstants.Integers(node.Inputs[part]!)?.Length ?? 1;
            if (index < first + count)
                return Copied(node, part, index - first, old, size, depth);
            first += count;
        }

        return node.Output;
    }

    private Value Copied(Node node, int input, int index, long old, long size, int depth)
    {
        var changed = With(node.Inputs[input]!, index, old, size, depth + 1);
        if (changed == node.Inputs[input])
            return node.Output;
        var copy = node.Graph!.AddNode(
            names.Unique($"{node.Name}/shape"),
            node.Operator,
            node.Inputs.Select((value, place) => place == input ? changed : value),
            [names.Unique($"{node.Output.Name}/shape")],
            node.Attributes,
            node
        );
        copy.Output.Type = node.Output.Type;
        return copy.Output;
    }

    private static Graph Graph(Value shape) => shape.Producer?.Graph ?? shape.Uses[0].Node.Graph!;
}
