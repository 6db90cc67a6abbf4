namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// How long the last axis of values is, as far as the file or the weights before a value tell. Exporters leave most
/// shapes out.
/// </summary>
internal sealed class Widths
{
    private const int DeepestChain = 400;
    private readonly Dictionary<Value, int> _known = [];

    /// <summary>The size of the value's last axis; 0 when that cannot be told.</summary>
    public int Of(Value value) => Of(value, 0);

    private int Of(Value value, int depth)
    {
        if (value.Type?.Shape is { Rank: > 0 } shape && shape[-1].Size is { } size)
            return (int)Math.Min(size, int.MaxValue);
        if (value.Initializer is { Dimensions: { Length: > 0 } sizes })
            return (int)Math.Min(sizes[^1], int.MaxValue);
        if (_known.TryGetValue(value, out var width))
            return width;
        if (value.Producer is not { } producer || depth > DeepestChain)
            return 0;
        width = Infer(producer, value, depth + 1);
        _known.Add(value, width);
        return width;
    }

    private int Infer(Node node, Value output, int depth)
    {
        if (Projections.Of(node) is { } projection)
            return projection.OutputWidth;
        return node.Operator.OperatorType switch
        {
            "Add" or "Sub" or "Mul" or "Div" or "Pow" or "Max" or "Min" => Widest(node, 0, depth),
            "Where" => Widest(node, 1, depth),
            "LayerNormalization" or "SimplifiedLayerNormalization" or "RMSNormalization" => Input(node, 1, depth),
            "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" => Input(node, 2, depth),
            "Gather"
                when (node.FindAttribute("axis")?.Integer ?? 0) == 0
                    && node.InputOrNull(0)?.Initializer is { Dimensions.Length: > 1 } => Input(node, 0, depth),
            "Reshape" => LastOf(node.InputOrNull(1)),
            "Split" => PartOf(node, output),
            "Transpose" => KeepsLast(node) ? Input(node, 0, depth) : 0,
            "Identity"
            or "Cast"
            or "Dropout"
            or "Relu"
            or "LeakyRelu"
            or "Elu"
            or "Gelu"
            or "FastGelu"
            or "BiasGelu"
            or "QuickGelu"
            or "Erf"
            or "Tanh"
            or "Sigmoid"
            or "Softmax"
            or "Sqrt"
            or "Neg"
            or "Exp"
            or "Abs"
            or "Clip"
            or "Reciprocal"
            or "Softplus"
            or "HardSwish"
            or "Mish" => Input(node, 0, depth),
            _ => 0,
        };
    }

    private int Input(Node node, int index, int depth) => node.InputOrNull(index) is { } input ? Of(input, depth) : 0;

    // An axis of one stretches to any other.
    private int Widest(Node node, int first, int depth) =>
        Enumerable
            .Range(first, node.Inputs.Count - first)
            .Select(index => Input(node, index, depth))
            .DefaultIfEmpty(0)
            .Max()
            is > 1
                and var width
            ? width
            : 0;

    private static int LastOf(Value? sizes) =>
        sizes is not null
        && GraphConstants.Integers(sizes) is { Length: > 0 } numbers
        && numbers[^1] is > 0 and < int.MaxValue and var last
            ? (int)last
            : 0;

    private static bool KeepsLast(Node transpose) =>
        transpose.FindAttribute("perm")?.Integers is { Length: > 0 } order && order[^1] == order.Length - 1;

    private static int PartOf(Node split, Value output)
    {
        if ((split.FindAttribute("axis")?.Integer ?? 0) is not -1)
            return 0;
        var sizes =
            split.InputOrNull(1) is { } given ? GraphConstants.Integers(given)
            : split.FindAttribute("split")?.Integers.Select(size => (long?)size).ToArray() is { } fixedSizes
                ? [.. fixedSizes]
            : null;
        var index = split.Outputs.ToList().IndexOf(output);
        return sizes is { } parts && index < parts.Length && parts[index] is > 0 and < int.MaxValue and var size
            ? (int)size
            : 0;
    }
}
