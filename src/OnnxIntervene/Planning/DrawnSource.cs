using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>
/// Lays the numbers that an intervention draws out over a run's units. Every example gets the same numbers; where heads
/// are addressed they are side by side at each position, as pyvene folds them; an example with fewer units than another
/// takes the first numbers.
/// </summary>
internal static class DrawnSource
{
    /// <summary>The numbers in a shape that broadcasts to the units.</summary>
    /// <param name="intervention">The intervention that draws.</param>
    /// <param name="units">The run's units.</param>
    /// <param name="width">Elements of a unit.</param>
    public static NumericArray Over(Intervention intervention, ResolvedUnits units, int width)
    {
        var most = units.Counts.IsEmpty ? 0 : units.Counts.Max();
        var drawn = intervention.Source(most, width)!;
        if (units.IsRagged)
            return Rows(drawn, [.. units.Counts.SelectMany(count => Enumerable.Range(0, count))], [units.Count, width]);
        if (units.Shape is not [_, var heads, var positions])
            return drawn;
        return Rows(
            drawn,
            [.. Enumerable.Range(0, most).Select(unit => (unit % positions * heads) + (unit / positions))],
            [1, heads, positions, width]
        );
    }

    private static NumericArray Rows(NumericArray drawn, int[] rows, int[] shape)
    {
        var width = shape[^1];
        var chosen = new float[rows.Length * width];
        for (var row = 0; row < rows.Length; row++)
            drawn.Floats.Slice(rows[row] * width, width).CopyTo(chosen.AsSpan(row * width));
        return NumericArray.Of(chosen, shape);
    }
}
