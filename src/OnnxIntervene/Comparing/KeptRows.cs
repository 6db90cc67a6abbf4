using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>The rows of a component's or an output's tensor that belong to kept positions.</summary>
internal static class KeptRows
{
    /// <summary>
    /// Adds the kept values of one example: rows of a position, or of a query where heads come first.
    /// </summary>
    /// <param name="sums">What they are added to.</param>
    /// <param name="a">A's values, <c>[position, width]</c> or <c>[head, query, key]</c>.</param>
    /// <param name="b">B's values, in the same shape.</param>
    /// <param name="kept">The positions that count; null for all.</param>
    public static void Add(ErrorSums sums, NumericArray a, NumericArray b, bool[]? kept)
    {
        var (axis, width) = a.Shape.Length > 2 ? (1, a.Shape[^1]) : (0, a.Length / Math.Max(1, a.Shape[0]));
        var positions = a.Shape[axis];
        if (kept is null || kept.Length != positions)
        {
            sums.Add(a.Floats, b.Floats);
            return;
        }

        for (var row = 0; row * width < a.Length; row++)
        {
            if (kept[row % positions])
                sums.Add(a.Floats.Slice(row * width, width), b.Floats.Slice(row * width, width));
        }
    }
}
