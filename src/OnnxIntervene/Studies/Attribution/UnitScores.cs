using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>What each unit of a component contributes to first order: (source − base) · gradient.</summary>
internal static class UnitScores
{
    /// <summary>Adds a number to each unit's, in the order of <see cref="Sweeps.UnitGrid"/>.</summary>
    /// <param name="layout">The component's axes.</param>
    /// <param name="difference">
    /// Its values in the run that values come from, less those in the run that is patched: <c>[position, width]</c>,
    /// <c>[position, head, width]</c>, or <c>[head, query, key]</c>.
    /// </param>
    /// <param name="gradient">Its gradient; heads come before positions.</param>
    /// <param name="weight">What the gradient counts.</param>
    /// <param name="scores">A number for each unit.</param>
    public static void Add(
        ComponentLayout layout,
        NumericArray difference,
        NumericArray gradient,
        float weight,
        Span<float> scores
    )
    {
        var width = scores.IsEmpty ? 0 : difference.Length / scores.Length;
        for (var unit = 0; unit < scores.Length; unit++)
        {
            var at = layout == ComponentLayout.HeadsInWidth ? Turned(unit, gradient.Shape) : unit;
            scores[unit] +=
                weight
                * TensorPrimitives.Dot(
                    gradient.Floats.Slice(at * width, width),
                    difference.Floats.Slice(unit * width, width)
                );
        }
    }

    /// <summary>How many units a component has in one example.</summary>
    public static int CountOf(ComponentLayout layout, NumericArray values) =>
        layout == ComponentLayout.HeadsInWidth ? values.Shape[0] * values.Shape[1] : values.Shape[0];

    // Units are counted position by position, and a gradient is [head, position, width].
    private static int Turned(int unit, ImmutableArray<int> gradient)
    {
        var (heads, positions) = (gradient[0], gradient[1]);
        return (unit % heads * positions) + (unit / heads);
    }
}
