using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// The interventions of a configuration in random subspaces of the same size: what an interchange does wherever the
/// variable is not. Rotations are drawn anew; an interchange of chosen neurons becomes one of random directions.
/// </summary>
internal static class RandomSubspace
{
    /// <summary>The configuration; null where nothing of it can be drawn.</summary>
    /// <param name="model">The interventions.</param>
    /// <param name="subspaces">The subspaces that they change.</param>
    /// <param name="seed">What rotations are drawn from.</param>
    public static IntervenableConfig? Of(IntervenableModel model, Subspaces subspaces, uint seed)
    {
        var drawn = new Dictionary<Intervention, Intervention>(ReferenceEqualityComparer.Instance);
        var representations = model
            .Config.Representations.Select(
                (representation, index) => representation with { Intervention = Drawn(index) }
            )
            .ToImmutableArray();
        return drawn.Count > 0 ? model.Config with { Representations = Typed(representations) } : null;

        Intervention Drawn(int index)
        {
            var own = model.Interventions[index];
            if (drawn.TryGetValue(own, out var known))
                return known;
            var width = WidthOf(model, index);
            return Random(own, width, subspaces.RowsOf(index) is not null, seed + (uint)drawn.Count) is { } random
                ? drawn[own] = random
                : own;
        }
    }

    // The kind that was stated may be another one than that of the intervention.
    private static ImmutableArray<RepresentationConfig> Typed(ImmutableArray<RepresentationConfig> representations) =>
        [.. representations.Select(item => item with { InterventionType = item.Intervention!.Type })];

    private static int WidthOf(IntervenableModel model, int index)
    {
        var representation = model.Config.Representations[index];
        return model.Components.Get(representation.Layer, representation.Component).Width;
    }

    private static Intervention? Random(Intervention own, int width, bool isPart, uint seed)
    {
        if (own.Parameters.TryGetValue(RotationParameter.Name, out var rotation))
        {
            var random = new KindStart(rotation.Shape[0], rotation.Shape[1], seed).Rotation(rotation.Shape[1]);
            return InterventionParameters.Create(own.Type, own.Parameters.SetItem(RotationParameter.Name, random));
        }

        return own.Type.IsInterchange && isPart && width > 0
            ? new RotatedSpaceIntervention(new KindStart(width, width, seed).Rotation(width))
            : null;
    }
}
