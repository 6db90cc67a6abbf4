using System.Collections.Immutable;

namespace OnnxIntervene.Baking.Removal;

/// <summary>Which entries of one axis of a value stay in the smaller model.</summary>
/// <param name="Axis">The axis, from 0.</param>
/// <param name="Size">How many entries it has.</param>
/// <param name="Kept">Those that stay, ascending.</param>
internal sealed record AxisMark(int Axis, int Size, ImmutableArray<int> Kept)
{
    /// <summary>
    /// Whether the axis holds the entries many times over, as that of positions and heads together does: which of them
    /// one is, is what is left when its place is divided by the size.
    /// </summary>
    public bool Repeats { get; init; }

    /// <summary>Whether both mean the same entries.</summary>
    public bool IsSameAs(AxisMark other) =>
        Axis == other.Axis
        && Size == other.Size
        && Repeats == other.Repeats
        && Kept.AsSpan().SequenceEqual(other.Kept.AsSpan());

    /// <summary>The same entries of another axis.</summary>
    public AxisMark At(int axis) => this with { Axis = axis };

    /// <summary>The elements of an array that stay.</summary>
    /// <param name="elements">All of them.</param>
    /// <param name="sizes">The array's sizes.</param>
    /// <param name="unit">How many of these are one element.</param>
    public T[] Keep<T>(ReadOnlySpan<T> elements, ReadOnlySpan<long> sizes, int unit = 1)
    {
        var (outer, inner) = (1, unit);
        foreach (var size in sizes[..Axis])
            outer *= (int)size;
        foreach (var size in sizes[(Axis + 1)..])
            inner *= (int)size;
        var kept = new T[outer * Kept.Length * inner];
        for (var first = 0; first < outer; first++)
        {
            for (var entry = 0; entry < Kept.Length; entry++)
                elements
                    .Slice(((first * Size) + Kept[entry]) * inner, inner)
                    .CopyTo(kept.AsSpan(((first * Kept.Length) + entry) * inner));
        }

        return kept;
    }

    /// <summary>Each entry as a run of entries, such as a head as its elements.</summary>
    public AxisMark Widened(int times) =>
        this with
        {
            Size = Size * times,
            Kept = [.. Kept.SelectMany(entry => Enumerable.Range(entry * times, times))],
        };

    /// <summary>Each run of entries as one; null where a part of a run stays.</summary>
    public AxisMark? Narrowed(int times)
    {
        var kept = new List<int>();
        foreach (var run in Kept.GroupBy(entry => entry / times))
        {
            if (run.Count() != times)
                return null;
            kept.Add(run.Key);
        }

        return this with
        {
            Size = Size / times,
            Kept = [.. kept],
        };
    }
}
