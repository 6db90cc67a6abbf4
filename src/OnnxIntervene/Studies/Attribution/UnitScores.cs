using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>What each unit of a component contributes to first order: (source − base) · gradient.</summary>
internal static class UnitScores
{
    /// <summary>A number for each unit, in the order of <see cref="Sweeps.UnitGrid"/>.</summary>
    /// <param name="layout">The component's axes.</param>
    /// <param name="gradient">Its gradient, of one example.</param>
    /// <param name="source">Its values in the run that values come from.</param>
    /// <param name="base">Its values in the run that is patched.</param>
    public static float[] Of(ComponentLayout layout, NumericArray gradient, NumericArray source, NumericArray @base)
    {
        // Queries and keys of a head are one unit.
        var counted = layout switch
        {
            ComponentLayout.HeadsFirst => 2,
            ComponentLayout.HeadsInWidth => 3,
            _ => 2,
        };
        var units = gradient.Shape.Take(counted).Aggregate(1, (count, size) => count * size);
        var scores = new float[units];
        var width = units == 0 ? 0 : gradient.Length / units;
        for (var unit = 0; unit < units; unit++)
        {
            var slope = gradient.Floats.Slice(unit * width, width);
            scores[unit] =
                TensorPrimitives.Dot(slope, source.Floats.Slice(unit * width, width))
                - TensorPrimitives.Dot(slope, @base.Floats.Slice(unit * width, width));
        }

        return layout == ComponentLayout.HeadsInWidth ? ByPosition(scores, gradient.Shape[1]) : scores;
    }

    // Units are counted position by position, and the array head by head.
    private static float[] ByPosition(float[] scores, int heads)
    {
        var positions = scores.Length / heads;
        var turned = new float[scores.Length];
        for (var unit = 0; unit < scores.Length; unit++)
            turned[unit] = scores[(unit % heads * positions) + (unit / heads)];
        return turned;
    }
}
