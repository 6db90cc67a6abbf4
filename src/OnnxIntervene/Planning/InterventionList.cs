using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;

namespace OnnxIntervene.Planning;

/// <summary>
/// The intervention of each representation: the one given, or a fresh one; linked representations share one.
/// </summary>
internal static class InterventionList
{
    /// <exception cref="InterventionException">
    /// A component is not in the model, or linked interventions do not fit each other.
    /// </exception>
    public static ImmutableArray<Intervention> Of(IntervenableConfig config, ComponentMap map) =>
        [.. Walk(config, map, FreshIntervention.Of).Select(intervention => intervention!)];

    /// <summary>Throws what <see cref="Of"/> would throw, without making a rotation.</summary>
    /// <exception cref="InterventionException">
    /// A component is not in the model, linked interventions do not fit each other, or there is no memory for one.
    /// </exception>
    public static void Check(IntervenableConfig config, ComponentMap map)
    {
        Walk(
            config,
            map,
            (representation, width) =>
            {
                FreshIntervention.Check(representation, width);
                return null;
            }
        );
    }

    private static ImmutableArray<Intervention?> Walk(
        IntervenableConfig config,
        ComponentMap map,
        Func<RepresentationConfig, int, Intervention?> fresh
    )
    {
        var linked =
            new Dictionary<int, (RepresentationConfig Representation, int Width, Intervention? Intervention)>();
        return [.. config.Representations.Select(Find)];

        Intervention? Find(RepresentationConfig representation)
        {
            var width = map.Get(representation.Layer, representation.Component).Width;
            GivenInterventions.Check(representation, width);
            if (representation.InterventionLinkKey is not { } key)
                return representation.Intervention ?? fresh(representation, width);
            if (!linked.TryGetValue(key, out var first))
                linked[key] = first = (representation, width, Given(config, key) ?? fresh(representation, width));
            var type = first.Intervention?.Type ?? first.Representation.InterventionType;
            RequireFit(representation, width, first.Representation, first.Width, type);
            return first.Intervention;
        }
    }

    private static Intervention? Given(IntervenableConfig config, int key)
    {
        var given = config
            .Representations.Where(item => item.InterventionLinkKey == key)
            .Select(item => item.Intervention)
            .OfType<Intervention>()
            .Distinct(SameParameters.Comparer)
            .ToList();
        return given.Count <= 1
            ? given.FirstOrDefault()
            : throw new InterventionException(
                $"The interventions linked by {key} are given {given.Count} different sets of parameters; give one."
            );
    }

    private static void RequireFit(
        RepresentationConfig representation,
        int width,
        RepresentationConfig first,
        int firstWidth,
        InterventionType type
    )
    {
        if (representation.InterventionType != type)
            throw new InterventionException(
                $"{representation} is linked with {first}: linked interventions must be of one kind."
            );
        if (width != firstWidth || representation.MaxNumberOfUnits != first.MaxNumberOfUnits)
        {
            throw new InterventionException(
                $"{representation} is {width} wide (times {representation.MaxNumberOfUnits} units), but {first}, "
                    + $"with which it is linked, {firstWidth} (times {first.MaxNumberOfUnits}); they cannot share "
                    + $"parameters."
            );
        }
    }
}
