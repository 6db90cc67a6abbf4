using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that reduce axes.</summary>
internal static class ReductionRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(
            Like(0),
            Reduced,
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare"
        );
        table.Add(Always(ElementType.Int64), OneAxis, "ArgMax", "ArgMin");
        table.Add(Like(0), Pooled, "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool");
        table.Add(Like(0), Loss, "SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss");
    }

    private static TensorFacts Reduced(NodeFacts node, int output)
    {
        var isKept = node.Integer("keepdims", 1) != 0;
        var chosen = node.Setting("axes", 1);
        if (node.Axes(0) is not { } axes)
            return !isKept && chosen is null && !node.Has(1) ? TensorFacts.Of() : TensorFacts.Unknown;
        if (chosen is null && node.Has(1))
            return isKept ? TensorFacts.OfRank(axes.Length)
                : node.Length(1) is > 0 and var count && count <= axes.Length ? TensorFacts.OfRank(axes.Length - count)
                : TensorFacts.Unknown;
        if (chosen is null or [])
        {
            if (node.Integer("noop_with_empty_axes", 0) != 0)
                return TensorFacts.Of(axes);
            chosen = [.. Enumerable.Range(0, axes.Length).Select(axis => (long)axis)];
        }

        return NodeFacts.Places(chosen, axes.Length) is { } places
            ? Without(node, axes, places, isKept)
            : TensorFacts.Unknown;
    }

    private static TensorFacts OneAxis(NodeFacts node, int output)
    {
        var isKept = node.Integer("keepdims", 1) != 0;
        return node.Axes(0) is { } axes && NodeFacts.Place(node.Integer("axis", 0), axes.Length) is { } place
            ? Without(node, axes, [place], isKept) with
            {
                Contents = null,
            }
            : TensorFacts.Unknown;
    }

    // Exporters take a shape's product to count what it holds.
    private static TensorFacts Without(NodeFacts node, Quantity[] axes, int[] places, bool isKept)
    {
        var left = isKept
            ? axes.Select((size, axis) => places.Contains(axis) ? Quantity.Of(1) : size)
            : axes.Where((_, axis) => !places.Contains(axis));
        return new TensorFacts([.. left], axes.Length == 1 && places.Length == 1 ? Folded(node) : null);
    }

    private static Quantity[]? Folded(NodeFacts node) =>
        (node.Node.Operator.OperatorType, node.Contents(0)) switch
        {
            ("ReduceProd", { } factors) => [factors.Aggregate(Quantity.Of(1), (product, item) => product * item)],
            ("ReduceSum", { } terms) => [terms.Aggregate(Quantity.Of(0), (sum, item) => sum + item)],
            ("ReduceMax", { Length: > 0 }) when node.Numbers(0) is { } numbers => [Quantity.Of(numbers.Max())],
            ("ReduceMin", { Length: > 0 }) when node.Numbers(0) is { } numbers => [Quantity.Of(numbers.Min())],
            _ => null,
        };

    private static TensorFacts Pooled(NodeFacts node, int output) =>
        node.Axes(0) is { Length: >= 2 } axes
            ? TensorFacts.Of([.. axes[..2], .. Enumerable.Repeat(Quantity.Of(1), axes.Length - 2)])
            : TensorFacts.Unknown;

    private static TensorFacts Loss(NodeFacts node, int output)
    {
        if (output == 1)
            return new TensorFacts(node.Axes(0));
        var isReduced = node.Node.FindAttribute("reduction") is not { Text: "none" };
        return isReduced ? TensorFacts.Of() : new TensorFacts(node.Axes(1));
    }
}
