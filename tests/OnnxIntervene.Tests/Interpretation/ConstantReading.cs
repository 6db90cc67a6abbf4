using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Stretches a constant source over the units it is written to.</summary>
internal static class ConstantReading
{
    /// <summary>The constant's row for each unit of each example, heads first.</summary>
    /// <param name="constant">
    /// Shaped to stretch to <c>[batch, positions, width]</c>, with heads <c>[batch, heads, positions, width]</c>,
    /// ragged <c>[units, width]</c>.
    /// </param>
    /// <param name="units">The units of each example.</param>
    /// <param name="hasHeads">Whether the component is split into heads.</param>
    public static double[][][] Rows(NumericArray constant, UnitRows[] units, bool hasHeads)
    {
        var isRagged = units.Select(rows => (rows.Heads.Length, rows.Positions.Length)).Distinct().Count() > 1;
        var before = 0;
        return
        [
            .. units.Select(
                (rows, example) =>
                {
                    var first = before;
                    before += rows.Count;
                    return Enumerable
                        .Range(0, rows.Count)
                        .Select(unit => Row(constant, Place(first, unit, example, rows)))
                        .ToArray();
                }
            ),
        ];

        int[] Place(int first, int unit, int example, UnitRows rows)
        {
            if (isRagged)
                return [first + unit];
            return hasHeads ? [example, unit / rows.Positions.Length, unit % rows.Positions.Length] : [example, unit];
        }
    }

    private static double[] Row(NumericArray constant, int[] place)
    {
        var width = constant.Shape[^1];
        var leading = constant.Shape.AsSpan()[..^1];
        var row = 0;
        for (var axis = 0; axis < leading.Length; axis++)
        {
            var index = leading[axis] == 1 ? 0 : place[place.Length - leading.Length + axis];
            row = (row * leading[axis]) + index;
        }

        return [.. constant.Floats.Slice(row * width, width).ToArray().Select(number => (double)number)];
    }
}
