using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis;

/// <summary>What a graph's constants say, read through the nodes that exporters put around them.</summary>
internal static class GraphConstants
{
    private const int DeepestChain = 16;

    /// <summary>
    /// Whether the value is an initializer, or computed from initializers by nodes that only rearrange.
    /// </summary>
    public static bool IsConstant(Value value)
    {
        for (var depth = 0; depth < DeepestChain; depth++)
        {
            if (value.IsConstant)
                return true;
            if (value.Producer is not { } producer)
                return false;
            if (producer.Operator.OperatorType == "Constant")
                return true;
            if (
                producer.Operator.OperatorType
                is not ("Identity" or "Cast" or "Transpose" or "Unsqueeze" or "Reshape" or "DequantizeLinear")
            )
                return false;
            if (producer.InputOrNull(0) is not { } input)
                return false;
            value = input;
        }

        return false;
    }

    /// <summary>The sizes of a constant, read through nodes that only rearrange it; null when it is not one.</summary>
    public static ImmutableArray<long>? Dimensions(Value value, int depth = 0)
    {
        if (value.Initializer is { } data)
            return data.Dimensions;
        if (value.Producer is not { } producer || depth > DeepestChain)
            return null;
        if (producer.Operator.OperatorType == "Constant")
            return producer.FindAttribute("value")?.Tensor.Dimensions;
        if (
            producer.Operator.OperatorType is not ("Identity" or "Cast" or "Transpose" or "DequantizeLinear")
            || producer.InputOrNull(0) is not { } input
        )
            return null;
        var before = Dimensions(input, depth + 1);
        if (before is not { } sizes || producer.Operator.OperatorType != "Transpose")
            return before;
        var order =
            producer.FindAttribute("perm")?.Integers
            ?? [.. Enumerable.Range(0, sizes.Length).Reverse().Select(axis => (long)axis)];
        return order.Length == sizes.Length ? [.. order.Select(axis => sizes[(int)axis])] : null;
    }

    /// <summary>
    /// The numbers of a row of integers, null where one is computed at run time; null altogether when the row's length
    /// is not known.
    /// </summary>
    public static ImmutableArray<long?>? Integers(Value value, int depth = 0)
    {
        if (value.Initializer is { } data)
            return Read(data);
        if (value.Producer is not { } producer || depth > DeepestChain)
            return null;
        return producer.Operator.OperatorType switch
        {
            "Constant" => producer.FindAttribute("value") is { Kind: AttributeKind.Tensor } tensor
                ? Read(tensor.Tensor)
                : producer.FindAttribute("value_ints")?.Integers.Select(number => (long?)number).ToImmutableArray(),
            "Identity" or "Cast" when producer.InputOrNull(0) is { } input => Integers(input, depth + 1),
            "Concat" => Concatenated(producer, depth),
            "Unsqueeze" or "Reshape" when producer.InputOrNull(0) is { } input => Integers(input, depth + 1) ?? [null],
            _ => null,
        };
    }

    private static ImmutableArray<long?> Concatenated(Node node, int depth)
    {
        // Exporters concatenate single sizes; a part that is computed counts as one.
        var parts = node.Inputs.Select(input => input is null ? null : Integers(input, depth + 1));
        return [.. parts.SelectMany(part => part ?? [null])];
    }

    private static ImmutableArray<long?>? Read(TensorData data) =>
        data.ElementType is ElementType.Int64 or ElementType.Int32 && data.Count <= 64
            ? [.. data.ReadIntegers().Select(number => (long?)number)]
            : null;
}
