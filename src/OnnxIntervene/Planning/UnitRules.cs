using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Planning;

/// <summary>Checks which unit kinds fit a component, and which units exist.</summary>
internal static class UnitRules
{
    /// <summary>Whether units are counted on the second and third axis of a tensor.</summary>
    public static bool CountsTwoAxes(RepresentationConfig representation, Component component) =>
        component.Layout != ComponentLayout.HeadsInWidth && representation.Unit.Contains('.', StringComparison.Ordinal);

    /// <summary>
    /// Throws unless the unit kind fits the component, and the location the unit kind and the examples.
    /// </summary>
    public static void Check(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location,
        UnitExtent extent
    )
    {
        CheckKind(representation, component);
        if (location is null)
            return;
        CheckExamples(representation, location, extent);
        var isNested = representation.Unit.Contains('.', StringComparison.Ordinal);
        if (isNested && location.Heads.IsDefault)
            throw new InterventionException(
                $"{representation}: the unit '{representation.Unit}' needs heads besides positions."
            );
        if (!isNested && !location.Heads.IsDefault)
            throw new InterventionException(
                $"{representation}: heads and positions are given, but the unit is '{representation.Unit}'; use "
                    + $"'h.pos'."
            );
    }

    /// <summary>
    /// Throws unless positions belong to examples, and the location is one for all of them, or one for each.
    /// </summary>
    public static void CheckExamples(RepresentationConfig representation, UnitLocation location, UnitExtent extent)
    {
        if (extent.Contradiction is { } reason)
            throw new InterventionException(
                $"{representation}: positions of '{representation.Component}' belong to no example, since {reason}. "
                    + "Leave positions out to take all of it, or choose another tensor."
            );
        foreach (var rows in new[] { location.Units.Length, location.Heads.IsDefault ? 1 : location.Heads.Length })
        {
            if (rows != 1 && rows != extent.Examples)
                throw new InterventionException(
                    $"{representation}: locations for {rows} examples, but the batch holds {extent.Examples}."
                );
        }
    }

    /// <summary>Throws unless every unit exists.</summary>
    public static void CheckRow(
        RepresentationConfig representation,
        ImmutableArray<int> units,
        int limit,
        string what,
        int row
    )
    {
        foreach (var unit in units)
        {
            if (unit < 0 || unit >= limit)
                throw new InterventionException(
                    $"{representation}: there is no {what} {unit}; example {row} has the {what}s 0 to {limit - 1}."
                );
        }
    }

    // On a tensor, and on what has heads first, a name of the user's own counts the entries of axes.
    private static void CheckKind(RepresentationConfig representation, Component component)
    {
        if (component.Layout == ComponentLayout.HeadsFirst || component.IsRaw)
        {
            if (
                representation.Unit.Split('.') is not ([_] or [_, _])
                || (CountsTwoAxes(representation, component) && component.UnitAxes < 2)
            )
                throw new InterventionException(
                    $"{representation}: the unit '{representation.Unit}' counts more axes than the tensor has."
                );
            return;
        }

        string[] allowed = component.Layout == ComponentLayout.HeadsInWidth ? ["h.pos", "h", "pos"] : [component.Unit];
        if (!allowed.Contains(representation.Unit))
            throw new InterventionException(
                $"{representation}: the unit '{representation.Unit}' does not fit; use {string.Join(" or ", allowed)}."
            );
    }
}
