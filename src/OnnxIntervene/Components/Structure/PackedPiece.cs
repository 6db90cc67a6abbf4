using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Which part of a reshaped tensor a node cuts out: entries of one axis.</summary>
/// <param name="Axis">The axis, counted in the reshape's result.</param>
/// <param name="Start">The first entry; <see cref="Computed"/> when the graph computes it from sizes.</param>
/// <param name="End">After the last entry.</param>
internal sealed record PackedPiece(int Axis, long Start, long End)
{
    /// <summary>An entry that only a run determines.</summary>
    public const long Computed = -1;

    /// <summary>
    /// The part that the last value of a path is cut from, when the path leads from a reshape to the cut with nothing
    /// but transpositions and casts between; null otherwise.
    /// </summary>
    /// <param name="path">From the reshape's result to the cut's, both included.</param>
    /// <param name="sizes">The reshape's sizes.</param>
    public static PackedPiece? Of(ImmutableArray<Value> path, ImmutableArray<long?> sizes)
    {
        var cut = path[^1].Producer!;
        if (AxisOf(cut, sizes.Length) is not { } axis)
            return null;
        var inner = axis;
        foreach (var value in path.Skip(1).SkipLast(1).Reverse())
        {
            var node = value.Producer!;
            if (
                node.Operator.OperatorType == "Transpose"
                && node.FindAttribute("perm")?.Integers is { } order
                && order.Length == sizes.Length
            )
                inner = (int)order[inner];
            else if (!Dataflow.IsTransparent(node))
                return null;
        }

        var (start, end) = Range(cut, path[^1], sizes[inner]) ?? (Computed, Computed);
        return new PackedPiece(inner, start, end);
    }

    private static int? AxisOf(Node cut, int rank)
    {
        var axis =
            cut.Operator.OperatorType == "Slice"
                ? cut.InputOrNull(3) is { } axes && GraphConstants.Integers(axes) is [{ } only]
                    ? only
                    : (long?)null
                : cut.FindAttribute("axis")?.Integer ?? 0;
        return axis is null || axis >= rank || axis < -rank ? null : (int)(axis < 0 ? axis + rank : axis)!;
    }

    private static (long Start, long End)? Range(Node cut, Value output, long? size)
    {
        switch (cut.Operator.OperatorType)
        {
            case "Gather"
                when cut.InputOrNull(1) is { } indices
                    && GraphConstants.Integers(indices) is [{ } index]
                    && (index >= 0 || size > 0):
                index += index < 0 ? size!.Value : 0;
                return (index, index + 1);
            case "Slice" when Bound(cut, 1, size) is { } start && Bound(cut, 2, size) is { } end:
                return (start, end);
            case "Split":
                return SplitRange(cut, output, size);
            default:
                return null;
        }
    }

    private static long? Bound(Node slice, int input, long? size)
    {
        if (slice.InputOrNull(input) is not { } bound || GraphConstants.Integers(bound) is not [{ } number])
            return null;
        if (number < 0)
            return number + size;
        return size is { } length ? Math.Min(number, length)
            : number == int.MaxValue || number == long.MaxValue ? null
            : number;
    }

    private static (long Start, long End)? SplitRange(Node split, Value output, long? size)
    {
        var given = split.InputOrNull(1) is { } lengths
            ? GraphConstants.Integers(lengths)
            : split.FindAttribute("split")?.Integers.Select(length => (long?)length).ToImmutableArray();
        var count = split.Outputs.Count;
        var index = split.Outputs.ToList().IndexOf(output);
        if (given is null && (size is null || size % count != 0))
            return null;
        var all = given ?? [.. Enumerable.Repeat(size / count, count)];
        if (all.Length != count || all.Contains(null))
            return null;
        var start = all.Take(index).Sum(length => length!.Value);
        return (start, start + all[index]!.Value);
    }
}
