using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>What each unit of a component contributes to first order: (source − base) · gradient.</summary>
internal static class UnitScores
{
    /// <summary>The order of a component's axes, and which of them count its units.</summary>
    /// <param name="layout">The component's axes.</param>
    /// <param name="countsQueries">Whether units of probabilities are queries of heads.</param>
    public static UnitOrder OrderOf(ComponentLayout layout, bool countsQueries) =>
        layout switch
        {
            ComponentLayout.HeadsInWidth => UnitOrder.PositionsThenHeads,
            ComponentLayout.HeadsFirst when countsQueries => UnitOrder.HeadsThenPositions,
            _ => UnitOrder.OneAxis,
        };

    /// <summary>Adds a number to each unit's, in the order of <see cref="Sweeps.UnitGrid"/>.</summary>
    /// <param name="order">The order of the component's axes.</param>
    /// <param name="difference">
    /// Its values in the run that values come from, less those in the run that is patched: <c>[position, width]</c>,
    /// <c>[position, head, width]</c>, or <c>[head, query, key]</c>.
    /// </param>
    /// <param name="gradient">Its gradient; heads come before positions.</param>
    /// <param name="weight">What the gradient counts.</param>
    /// <param name="scores">A number for each unit.</param>
    public static void Add(
        UnitOrder order,
        NumericArray difference,
        NumericArray gradient,
        float weight,
        Span<float> scores
    )
    {
        var width = scores.IsEmpty ? 0 : difference.Length / scores.Length;
        for (var unit = 0; unit < scores.Length; unit++)
        {
            var at = order == UnitOrder.OneAxis ? unit : Turned(unit, gradient.Shape);
            var own = order == UnitOrder.HeadsThenPositions ? at : unit;
            scores[unit] +=
                weight
                * TensorPrimitives.Dot(
                    gradient.Floats.Slice(at * width, width),
                    difference.Floats.Slice(own * width, width)
                );
        }
    }

    /// <summary>How many units a component has in one example.</summary>
    public static int CountOf(UnitOrder order, NumericArray values) =>
        order == UnitOrder.OneAxis ? values.Shape[0] : values.Shape[0] * values.Shape[1];

    // Units are counted position by position, and a gradient is [head, position, width].
    private static int Turned(int unit, ImmutableArray<int> gradient)
    {
        var (heads, positions) = (gradient[0], gradient[1]);
        return (unit % heads * positions) + (unit / heads);
    }
}

/// <summary>Which of a component's axes count its units.</summary>
internal enum UnitOrder
{
    /// <summary>The first one.</summary>
    OneAxis,

    /// <summary>The first two, <c>[position, head, …]</c>.</summary>
    PositionsThenHeads,

    /// <summary>The first two, <c>[head, position, …]</c>.</summary>
    HeadsThenPositions,
}
