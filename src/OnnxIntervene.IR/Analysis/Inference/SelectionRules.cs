using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that take some elements of a tensor, or put some into one.</summary>
internal static class SelectionRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(Like(0), Gather, "Gather");
        table.Add(Like(0), (node, _) => new TensorFacts(node.Axes(1)), "GatherElements");
        table.Add(Like(0), GatherRows, "GatherND");
        table.Add(Like(0, 2), ElementwiseRules.LikeFirst, "ScatterND", "ScatterElements", "Scatter");
        table.Add(Like(0), Slice, "Slice");
        table.Add(Like(2), OneHot, "OneHot");
        table.Add(Always(ElementType.Int64), NonZero, "NonZero");
        table.Add(Like(0), Compress, "Compress");
        table.Add(First(Like(0), Always(ElementType.Int64)), LargestFew, "TopK");
        table.Add(First(Like(0), Always(ElementType.Int64)), Unique, "Unique");
    }

    /// <summary>
    /// The sizes of entries of <paramref name="data"/> that <paramref name="indices"/> choose on an axis.
    /// </summary>
    public static Quantity[]? Gathered(Quantity[]? data, Quantity[]? indices, long axis) =>
        data is null || indices is null || NodeFacts.Place(axis, data.Length) is not { } place
            ? null
            : [.. data[..place], .. indices, .. data[(place + 1)..]];

    private static TensorFacts Gather(NodeFacts node, int output)
    {
        var axes = Gathered(node.Axes(0), node.Axes(1), node.Integer("axis", 0));
        if (node.Axes(0) is not [_] || node.Contents(0) is not { } all || node.Numbers(1) is not { } chosen)
            return new TensorFacts(axes);
        return new TensorFacts(
            axes,
            [.. chosen.Select(index => NodeFacts.Place(index, all.Length) is { } place ? all[place] : Quantity.Unknown)]
        );
    }

    private static TensorFacts GatherRows(NodeFacts node, int output)
    {
        var batch = (int)node.Integer("batch_dims", 0);
        return
            node.Axes(0) is { } data
            && node.Axes(1) is [.., { Number: { } depth }] indices
            && batch + depth <= data.Length
            ? TensorFacts.Of([.. indices[..^1], .. data[(int)(batch + depth)..]])
            : TensorFacts.Unknown;
    }

    private static TensorFacts Slice(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.Unknown;
        if (SliceCut.All(node, axes) is not { } cuts)
            return TensorFacts.OfRank(axes.Length);
        var left = axes.ToArray();
        foreach (var cut in cuts)
            left[cut.Axis] = cut.Of(axes[cut.Axis]);
        var contents =
            axes.Length == 1 && cuts is [var only]
                ? node.Contents(0) is { } all
                    ? only.Of(all)
                    : null
                : null;
        return new TensorFacts(left, contents);
    }

    private static TensorFacts OneHot(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes || NodeFacts.Place(node.Integer("axis", -1), axes.Length + 1) is not { } place)
            return TensorFacts.Unknown;
        return TensorFacts.Of([.. axes[..place], node.Single(1), .. axes[place..]]);
    }

    private static TensorFacts NonZero(NodeFacts node, int output) =>
        TensorFacts.Of(
            node.Axes(0) is { } axes ? Quantity.Of(Math.Max(1, axes.Length)) : Quantity.Unknown,
            Quantity.Unknown
        );

    private static TensorFacts Compress(NodeFacts node, int output)
    {
        if (node.Node.FindAttribute("axis") is null)
            return TensorFacts.OfRank(1);
        return node.Axes(0) is { } axes && NodeFacts.Place(node.Integer("axis", 0), axes.Length) is { } place
            ? TensorFacts.Of([.. axes.Select((size, axis) => axis == place ? Quantity.Unknown : size)])
            : TensorFacts.Unknown;
    }

    private static TensorFacts LargestFew(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes || NodeFacts.Place(node.Integer("axis", -1), axes.Length) is not { } place)
            return TensorFacts.Unknown;
        var count = node.Has(1) ? node.Single(1) : Quantity.Of(node.Integer("k", 1));
        return TensorFacts.Of([.. axes.Select((size, axis) => axis == place ? count : size)]);
    }

    private static TensorFacts Unique(NodeFacts node, int output) =>
        output > 0 || node.Node.FindAttribute("axis") is null ? TensorFacts.OfRank(1)
        : node.Axes(0) is { } axes ? TensorFacts.OfRank(axes.Length)
        : TensorFacts.Unknown;
}
