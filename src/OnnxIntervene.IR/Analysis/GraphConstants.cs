using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis;

/// <summary>What a graph's constants say, read through the nodes that exporters put around them.</summary>
internal static class GraphConstants
{
    private const int DeepestChain = 16;

    /// <summary>Whether the file holds the value, or nodes compute it from what the file holds.</summary>
    public static bool IsConstant(Value value) => Constancy.IsConstant(value);

    /// <summary>
    /// The input with a default that a constant is, or is computed from: a run may feed it something else. Null where a
    /// constant is one in every run.
    /// </summary>
    /// <param name="graph">The graph of the value.</param>
    /// <param name="value">A value that <see cref="IsConstant"/> admits.</param>
    public static Value? OverridableOf(Graph graph, Value value) =>
        value.IsConstant
            ? graph.IsInput(value)
                ? value
                : null
            : value
                .Producer?.Inputs.OfType<Value>()
                .Select(input => OverridableOf(graph, input))
                .FirstOrDefault(input => input is not null);

    /// <summary>
    /// The sizes of a constant, of a computed one by its operators' rules; null when it is not one, or they are
    /// unknown.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="types">What is known about the graph already: what many constants share is worked out once.</param>
    public static ImmutableArray<long>? Dimensions(Value value, TypeInference? types = null)
    {
        if (value.Initializer is { } data)
            return data.Dimensions;
        if (!IsConstant(value) || (types ?? new TypeInference()).FactsOf(value).Axes is not { } axes)
            return null;
        return Array.TrueForAll(axes, size => size.Number is not null)
            ? [.. axes.Select(size => size.Number!.Value)]
            : null;
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
            _ when IsConstant(value) => new TypeInference().IntegersOf(value)?.ToImmutableArray(),
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
