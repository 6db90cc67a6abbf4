using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that join, cut, repeat and pad tensors.</summary>
internal static class JoiningRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add((node, _) => Like([.. Enumerable.Range(0, node.Inputs.Count)])(node, 0), Concat, "Concat");
        table.Add(Like(0), Split, "Split");
        table.Add(Like(0), Expand, "Expand");
        table.Add(Like(0), Tile, "Tile");
        table.Add(Like(0), Pad, "Pad");
        table.Add(Like(0), Resize, "Resize", "Upsample");
    }

    private static TensorFacts Concat(NodeFacts node, int output)
    {
        var parts = Enumerable.Range(0, node.Node.Inputs.Count).Select(node.Input).ToList();
        if (parts.Find(part => part.Axes is not null)?.Axes is not { } some)
            return TensorFacts.Unknown;
        if (NodeFacts.Place(node.Integer("axis", 1), some.Length) is not { } joined)
            return TensorFacts.Unknown;
        if (parts.Exists(part => part.Axes is { } axes && axes.Length != some.Length))
            return TensorFacts.Unknown;
        var all = Enumerable
            .Range(0, some.Length)
            .Select(axis => axis == joined ? Sum(parts, axis) : Shared(parts, axis))
            .ToArray();
        return some.Length == 1 ? new TensorFacts(all, Contents(parts)) : new TensorFacts(all);
    }

    private static Quantity Sum(List<TensorFacts> parts, int axis) =>
        parts.Aggregate(Quantity.Of(0), (sum, part) => sum + (part.Axes is { } axes ? axes[axis] : Quantity.Unknown));

    // The parts must fit, so the best-known one decides.
    private static Quantity Shared(List<TensorFacts> parts, int axis)
    {
        var sizes = parts.Select(part => part.Axes is { } axes ? axes[axis] : Quantity.Unknown).ToList();
        return sizes.Exists(size => size.Number is not null) ? sizes.Find(size => size.Number is not null)
            : sizes.Exists(size => size.IsKnown && !size.IsHidden) ? sizes.Find(size => size.IsKnown && !size.IsHidden)
            : sizes[0];
    }

    // A part with a known length but unknown numbers counts as that many unknown numbers.
    private static Quantity[]? Contents(List<TensorFacts> parts)
    {
        var all = new List<Quantity>();
        foreach (var part in parts)
        {
            if (part is { Contents: null, Axes: not [{ Number: >= 0 and <= TensorFacts.LongestContents }] })
                return null;
            all.AddRange(part.Contents ?? new Quantity[(int)part.Axes![0].Number!.Value]);
        }

        return all.Count <= TensorFacts.LongestContents ? [.. all] : null;
    }

    private static TensorFacts Split(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes || NodeFacts.Place(node.Integer("axis", 0), axes.Length) is not { } axis)
            return TensorFacts.Unknown;
        var part = PartSize(node, axes[axis], output);
        var contents =
            axes.Length == 1 && node.Setting("split", 1) is { } sizes && node.Contents(0) is { } all
                ? Cut(all, sizes, output)
                : null;
        return new TensorFacts([.. axes.Select((size, place) => place == axis ? part : size)], contents);
    }

    private static Quantity[]? Cut(Quantity[] all, long[] sizes, int output)
    {
        var start = sizes.Take(output).Sum();
        return output < sizes.Length && start >= 0 && start + sizes[output] <= all.Length
            ? all[(int)start..(int)(start + sizes[output])]
            : null;
    }

    private static Quantity PartSize(NodeFacts node, Quantity whole, int output)
    {
        if (node.Setting("split", 1) is { } sizes)
            return output < sizes.Length ? Quantity.Of(sizes[output]) : Quantity.Unknown;
        if (node.Has(1))
            return Quantity.Unknown;
        // Equal parts, the last smaller where they do not come out even.
        var count = node.Integer("num_outputs", node.Node.Outputs.Count);
        if (whole.Number is not { } number)
            return whole.DividedBy(Quantity.Of(count));
        var part = (number + count - 1) / count;
        return Quantity.Of(output < count - 1 ? part : number - (part * (count - 1)));
    }

    private static TensorFacts Expand(NodeFacts node, int output)
    {
        var target = node.Contents(1) ?? (node.Length(1) is { } rank ? new Quantity[rank] : null);
        var axes = Broadcasting.Of(node.Axes(0), target);
        var isOne = node.Contents(0) is [_] && axes is not null;
        var count = isOne ? new TensorFacts(axes).Count.Number : null;
        return count is >= 0 and <= TensorFacts.LongestContents
            ? new TensorFacts(axes, [.. Enumerable.Repeat(node.Single(0), (int)count)])
            : new TensorFacts(axes);
    }

    private static TensorFacts Tile(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return node.Length(1) is { } rank ? TensorFacts.OfRank(rank) : TensorFacts.Unknown;
        return node.Contents(1) is { } times && times.Length == axes.Length
            ? new TensorFacts([.. axes.Zip(times, (size, by) => size * by)])
            : TensorFacts.OfRank(axes.Length);
    }

    private static TensorFacts Pad(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.Unknown;
        var pads = node.Has(1) ? node.Contents(1) : node.Integers("pads")?.Select(Quantity.Of).ToArray();
        var chosen = node.Has(3) ? node.Numbers(3) : [.. Enumerable.Range(0, axes.Length).Select(axis => (long)axis)];
        if (pads is null || chosen is null || pads.Length != 2 * chosen.Length)
            return TensorFacts.OfRank(axes.Length);
        if (NodeFacts.Places(chosen, axes.Length) is not { } places)
            return TensorFacts.OfRank(axes.Length);
        var wider = axes.ToArray();
        for (var index = 0; index < places.Length; index++)
            wider[places[index]] += pads[index] + pads[index + places.Length];
        return new TensorFacts(wider);
    }

    private static TensorFacts Resize(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.Unknown;
        return node.Contents(3) is { } sizes && sizes.Length == axes.Length && !node.Node.Attributes.Any(IsPartial)
            ? new TensorFacts(sizes)
            : TensorFacts.OfRank(axes.Length);
    }

    // Sizes of some axes only, or upper bounds.
    private static bool IsPartial(NodeAttribute attribute) => attribute.Name is "axes" or "keep_aspect_ratio_policy";
}
