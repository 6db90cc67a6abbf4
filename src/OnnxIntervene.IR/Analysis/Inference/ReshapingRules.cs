using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that keep all elements and arrange them on other axes.</summary>
internal static class ReshapingRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(Like(0), Reshape, "Reshape");
        table.Add(Like(0), Transpose, "Transpose");
        table.Add(Like(0), Flatten, "Flatten");
        table.Add(Like(0), Unsqueeze, "Unsqueeze");
        table.Add(Like(0), Squeeze, "Squeeze");
        table.Add(Like(0), (node, _) => Blocks(node, isToSpace: true), "DepthToSpace");
        table.Add(Like(0), (node, _) => Blocks(node, isToSpace: false), "SpaceToDepth");
    }

    private static TensorFacts Reshape(NodeFacts node, int output)
    {
        var target = node.Has(1) ? node.Contents(1) : node.Integers("shape")?.Select(Quantity.Of).ToArray();
        target ??= node.Length(1) is { } rank ? new Quantity[rank] : null;
        return target is null
            ? TensorFacts.Unknown
            : new TensorFacts(Reshaped(node.Input(0), target, node.Integer("allowzero", 0) == 0), node.Contents(0));
    }

    // 0 keeps an axis, and what one axis is follows from the others.
    private static Quantity[] Reshaped(TensorFacts input, Quantity[] target, bool zeroKeeps)
    {
        var axes = target.ToArray();
        var open = new List<int>();
        var (rest, divisor) = (input.Axes?.ToList(), Quantity.Of(1));
        for (var place = 0; place < axes.Length; place++)
        {
            if (axes[place].Number == 0 && zeroKeeps)
                axes[place] = Kept(place);
            else if (axes[place].Number is -1 || !axes[place].IsKnown)
                open.Add(place);
            else if (!Cancel(rest, axes[place]))
                divisor *= axes[place];
        }

        foreach (var place in open)
            axes[place] = Quantity.Unknown;
        if (open is [var only] && rest is not null)
            axes[only] = Product(rest).DividedBy(divisor);
        return axes;

        Quantity Kept(int place)
        {
            if (input.Axes is not { } known || place >= known.Length)
                return Quantity.Unknown;
            if (!Cancel(rest, known[place]))
                rest = null;
            return known[place];
        }
    }

    // An axis that both sides have need not be known as a number. Sizes of 0 say nothing about the others.
    private static bool Cancel(List<Quantity>? rest, Quantity size)
    {
        var place = rest?.FindIndex(other => other.Number != 0 && other.IsSame(size)) ?? -1;
        if (place >= 0)
            rest!.RemoveAt(place);
        return place >= 0;
    }

    private static Quantity Product(IEnumerable<Quantity> sizes) =>
        sizes.Aggregate(Quantity.Of(1), (product, size) => product * size);

    private static TensorFacts Transpose(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return node.Integers("perm") is { } known ? TensorFacts.OfRank(known.Length) : TensorFacts.Unknown;
        var order =
            node.Integers("perm")?.ToArray()
            ?? [.. Enumerable.Range(0, axes.Length).Reverse().Select(axis => (long)axis)];
        return order.Length == axes.Length && NodeFacts.Places(order, axes.Length) is { } places
            ? new TensorFacts([.. places.Select(place => axes[place])], axes.Length < 2 ? node.Contents(0) : null)
            : TensorFacts.Unknown;
    }

    private static TensorFacts Flatten(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.OfRank(2);
        var axis = node.Integer("axis", 1);
        var split = (int)Math.Clamp(axis < 0 ? axis + axes.Length : axis, 0, axes.Length);
        return TensorFacts.Of(Product(axes[..split]), Product(axes[split..]));
    }

    private static TensorFacts Unsqueeze(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.Unknown;
        if (node.Setting("axes", 1) is not { } given)
            return node.Length(1) is { } count ? TensorFacts.OfRank(axes.Length + count) : TensorFacts.Unknown;
        if (NodeFacts.Places(given, axes.Length + given.Length) is not { } places)
            return TensorFacts.Unknown;
        var wider = axes.ToList();
        foreach (var place in places.Order())
            wider.Insert(Math.Min(place, wider.Count), Quantity.Of(1));
        return new TensorFacts([.. wider], node.Contents(0));
    }

    private static TensorFacts Squeeze(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.Unknown;
        var given = node.Setting("axes", 1);
        if (given is null && node.Has(1))
            return node.Length(1) is { } count && count <= axes.Length
                ? TensorFacts.OfRank(axes.Length - count)
                : TensorFacts.Unknown;
        // All axes of one go where none is named, which only fixed sizes show.
        if (given is null && Array.Exists(axes, size => size.Number is null))
            return TensorFacts.Unknown;
        var places = given is null
            ? [.. Enumerable.Range(0, axes.Length).Where(place => axes[place].Number == 1)]
            : NodeFacts.Places(given, axes.Length);
        return places is null
            ? TensorFacts.Unknown
            : new TensorFacts([.. axes.Where((_, place) => !places.Contains(place))], node.Contents(0));
    }

    // [batch, depth, height, width]: squares of the picture move into the depth, or back.
    private static TensorFacts Blocks(NodeFacts node, bool isToSpace)
    {
        if (node.Axes(0) is not [var batch, var depth, var height, var width])
            return TensorFacts.OfRank(4);
        var side = Quantity.Of(node.Integer("blocksize", 1));
        return isToSpace
            ? TensorFacts.Of(batch, depth.DividedBy(side * side), height * side, width * side)
            : TensorFacts.Of(batch, depth * side * side, height.DividedBy(side), width.DividedBy(side));
    }
}
