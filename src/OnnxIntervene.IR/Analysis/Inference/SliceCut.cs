namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>What a Slice takes of one axis.</summary>
internal readonly record struct SliceCut(int Axis, Quantity Start, Quantity End, long Step)
{
    // Exporters write the largest 32- or 64-bit number for "to the end".
    private const long Endless = int.MaxValue;

    /// <summary>The cuts of a node; null where it is computed which axes are cut.</summary>
    public static SliceCut[]? All(NodeFacts node, Quantity[] axes)
    {
        var starts = Setting(node, "starts", 1);
        var ends = Setting(node, "ends", 2);
        if (starts is null || ends is null || starts.Length != ends.Length)
            return null;
        var chosen =
            node.Has(3) || node.Integers("axes") is not null
                ? node.Setting("axes", 3)
                : [.. Enumerable.Range(0, starts.Length).Select(axis => (long)axis)];
        var steps = node.Has(4) ? node.Numbers(4) : [.. Enumerable.Repeat(1L, starts.Length)];
        if (chosen is null || steps is null || chosen.Length != starts.Length || steps.Length != starts.Length)
            return null;
        return NodeFacts.Places(chosen, axes.Length) is { } places
            ? [.. places.Select((place, index) => new SliceCut(place, starts[index], ends[index], steps[index]))]
            : null;
    }

    // Bounds that are computed are unknown, but the axis is the only one that they change.
    private static Quantity[]? Setting(NodeFacts node, string attribute, int input) =>
        node.Has(input)
            ? node.Contents(input) ?? (node.Length(input) is { } length ? new Quantity[length] : null)
            : node.Integers(attribute)?.Select(Quantity.Of).ToArray();

    /// <summary>The size that is left of an axis.</summary>
    public Quantity Of(Quantity size)
    {
        if (size.Number is { } number)
            return Bounds(number) is { } bounds ? Quantity.Of(Count(bounds)) : Quantity.Unknown;
        if (Step != 1 || Start.Number is not { } start || start < 0)
            return Quantity.Unknown;
        // A named size is taken to be as long as what is cut off.
        return End.Number is >= Endless ? size - Start
            : End.Number is < 0 ? size + End - Start
            : End.IsSame(size) ? size - Start
            : Quantity.Unknown;
    }

    /// <summary>What is left of a row; null where the bounds are not fixed.</summary>
    public Quantity[]? Of(Quantity[] row)
    {
        if (Bounds(row.Length) is not { } bounds)
            return null;
        var step = Step;
        return [.. Enumerable.Range(0, (int)Count(bounds)).Select(index => row[bounds.Start + (index * step)])];
    }

    private long Count((long Start, long End) bounds) =>
        Step > 0
            ? Math.Max(0, (bounds.End - bounds.Start + Step - 1) / Step)
            : Math.Max(0, (bounds.End - bounds.Start + Step + 1) / Step);

    // Where it begins and ends on an axis of this size, cut to it as the operator does.
    private (long Start, long End)? Bounds(long size)
    {
        if (Start.Number is not { } start || End.Number is not { } end || Step == 0)
            return null;
        start += start < 0 ? size : 0;
        end += end < 0 ? size : 0;
        return Step > 0
            ? (Math.Clamp(start, 0, size), Math.Clamp(end, 0, size))
            : (Math.Clamp(start, 0, Math.Max(0, size - 1)), Math.Clamp(end, -1, size - 1));
    }
}
