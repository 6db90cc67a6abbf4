namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Products of small integers, as quantised models have them: scales and zero points say how integers stand for
/// numbers, and carry none of a layer's data.
/// </summary>
internal static class IntegerProducts
{
    private const int DeepestScale = 4;
    private const int LongestRounding = 8;

    /// <summary>Whether the node multiplies integers, and something after it multiplies by their scales.</summary>
    public static bool IsUnscaled(Node? node) => node?.Operator.OperatorType is "MatMulInteger" or "ConvInteger";

    /// <summary>Whether the node is one of two that round numbers to integers and bring them back.</summary>
    public static bool IsRounding(Node node) =>
        node.Operator.OperatorType switch
        {
            "DequantizeLinear" => node.InputOrNull(0)?.Producer is { Operator.OperatorType: "QuantizeLinear" },
            "QuantizeLinear" => node.OutputOrNull(0) is { Uses.Count: > 0 } output
                && output.Uses.All(use => use.Node.Operator.OperatorType == "DequantizeLinear"),
            _ => false,
        };

    /// <summary>
    /// The inputs of an operator on integers, or of a multiplication by a scale, that carry data; null for other nodes.
    /// </summary>
    public static List<Value>? DataOf(Node node) =>
        node.Operator.OperatorType switch
        {
            "QuantizeLinear" or "DequantizeLinear" or "DynamicQuantizeLinear" => At(node, 0),
            "QLinearSigmoid" or "QLinearLeakyRelu" or "QLinearSoftmax" => At(node, 0),
            "MatMulInteger" or "MatMulInteger16" or "MatMulIntegerToFloat" or "DynamicQuantizeMatMul" => At(node, 0, 1),
            "ConvInteger" or "QAttention" => At(node, 0, 1),
            "QLinearMatMul" or "QLinearConv" or "QLinearAdd" or "QLinearMul" => At(node, 0, 3),
            "Mul" => Scaled(node) is { } scaled ? (GraphConstants.IsConstant(scaled) ? [] : [scaled]) : null,
            _ => null,
        };

    /// <summary>Whether a value is computed from the scales and zero points of what is quantised as it runs.</summary>
    public static bool IsScale(Value value) => IsScale(value, 0);

    /// <summary>
    /// What is quantised before an integer product: where the graph itself divides, rounds and clips, what it divides.
    /// Null where it does not.
    /// </summary>
    public static Value? Unrounded(Value quantised)
    {
        var isRounded = false;
        var value = quantised;
        for (var depth = 0; depth < LongestRounding && value.Producer is { } producer; depth++)
        {
            if (producer.InputOrNull(0) is not { } before)
                return null;
            switch (producer.Operator.OperatorType)
            {
                case "Round" or "Floor":
                    isRounded = true;
                    break;
                case "Cast" or "Clip" or "Identity" or "Max" or "Min" or "Add" or "Sub":
                    break;
                case "Div" or "Mul":
                    return isRounded ? before : null;
                default:
                    return null;
            }

            value = before;
        }

        return null;
    }

    private static List<Value> At(Node node, params ReadOnlySpan<int> indices)
    {
        var data = new List<Value>();
        foreach (var index in indices)
        {
            if (node.InputOrNull(index) is { } input && !GraphConstants.IsConstant(input))
                data.Add(input);
        }

        return data;
    }

    // Of two factors, the one that is not a scale.
    private static Value? Scaled(Node product)
    {
        if (product.InputOrNull(0) is not { } left || product.InputOrNull(1) is not { } right)
            return null;
        if (IsUnscaled(Dataflow.Root(left).Producer) || IsScale(right))
            return left;
        return IsUnscaled(Dataflow.Root(right).Producer) || IsScale(left) ? right : null;
    }

    private static bool IsScale(Value value, int depth)
    {
        if (depth > DeepestScale || value.Producer is not { } producer)
            return false;
        if (producer.Operator.OperatorType == "DynamicQuantizeLinear")
            return value.OutputIndex > 0;
        if (
            producer.Operator.OperatorType
            is not ("Mul" or "Div" or "Sub" or "Cast" or "Identity" or "Reshape" or "Unsqueeze" or "Squeeze")
        )
            return false;
        var varying = producer.Inputs.OfType<Value>().Where(input => !GraphConstants.IsConstant(input)).ToList();
        return varying.Count > 0 && varying.TrueForAll(input => IsScale(input, depth + 1));
    }
}
