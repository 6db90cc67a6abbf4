using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>The units of a whole batch as a spliced site takes them, checked against the component and the input.</summary>
/// <param name="Locations">(example, unit) or (example, position, head), one after the other.</param>
/// <param name="Shape">How the units are arranged: <c>[batch, units]</c> or <c>[batch, heads, positions]</c>.</param>
public sealed record ResolvedUnits(ReadOnlyMemory<long> Locations, ImmutableArray<int> Shape)
{
    /// <summary>How many units there are in all.</summary>
    public int Count => Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Units per example.</summary>
    public int PerExample => Shape[0] == 0 ? 0 : Count / Shape[0];

    /// <summary>Resolves a location for a batch; null means every unit.</summary>
    /// <param name="representation">The intervention, for its component and unit.</param>
    /// <param name="component">The component.</param>
    /// <param name="location">The units; null for all.</param>
    /// <param name="batch">How many examples there are.</param>
    /// <param name="length">How many positions there are.</param>
    /// <exception cref="InterventionException">A unit is beyond the component or the input, or the unit kind does not fit.</exception>
    public static ResolvedUnits Resolve(
        RepresentationConfig representation, Component component, UnitLocation? location, int batch, int length)
    {
        ArgumentNullException.ThrowIfNull(representation);
        ArgumentNullException.ThrowIfNull(component);
        CheckUnit(representation, component, location, batch);
        return component.Layout == ComponentLayout.HeadsInWidth
            ? HeadsAtPositions(representation, component, location, batch, length)
            : Single(representation, component, location, batch, length);
    }

    private static void CheckUnit(RepresentationConfig representation, Component component, UnitLocation? location, int batch)
    {
        string[] allowed = component.Layout switch
        {
            ComponentLayout.HeadsInWidth => ["h.pos", "h", "pos"],
            ComponentLayout.HeadsFirst => ["h", "pos"],
            _ => [component.Unit],
        };
        if (!allowed.Contains(representation.Unit))
            throw new InterventionException($"{representation}: the unit '{representation.Unit}' does not fit; use {string.Join(" or ", allowed)}.");
        if (location is null)
            return;
        if (representation.Unit == "h.pos" && location.Heads.IsDefault)
            throw new InterventionException($"{representation}: the unit 'h.pos' needs heads besides positions.");
        if (representation.Unit != "h.pos" && !location.Heads.IsDefault)
            throw new InterventionException($"{representation}: heads and positions are given, but the unit is '{representation.Unit}'; use 'h.pos'.");
        foreach (var rows in new[] { location.Units.Length, location.Heads.IsDefault ? 1 : location.Heads.Length })
        {
            if (rows != 1 && rows != batch)
                throw new InterventionException($"{representation}: locations for {rows} examples, but the batch holds {batch}.");
        }
    }

    private static ResolvedUnits Single(RepresentationConfig representation, Component component, UnitLocation? location, int batch, int length)
    {
        var isHead = component.Layout == ComponentLayout.HeadsFirst;
        var limit = isHead ? component.Heads : length;
        var all = Enumerable.Range(0, limit).ToImmutableArray();
        var locations = new List<long>();
        var count = (location?.UnitsOf(0) ?? all).Length;
        for (var row = 0; row < batch; row++)
        {
            var units = location?.UnitsOf(row) ?? all;
            CheckRow(representation, units, count, limit, isHead ? "head" : component.Unit == "t" ? "step" : "position", row);
            foreach (var unit in units)
                locations.AddRange([row, unit]);
        }

        return new ResolvedUnits(locations.ToArray(), [batch, count]);
    }

    private static ResolvedUnits HeadsAtPositions(
        RepresentationConfig representation, Component component, UnitLocation? location, int batch, int length)
    {
        var locations = new List<long>();
        var (headCount, positionCount) = (0, 0);
        for (var row = 0; row < batch; row++)
        {
            var (heads, positions) = Grid(representation, component, location, row, length);
            if (row == 0)
                (headCount, positionCount) = (heads.Length, positions.Length);
            CheckRow(representation, heads, headCount, component.Heads, "head", row);
            CheckRow(representation, positions, positionCount, length, "position", row);
            foreach (var head in heads)
            {
                foreach (var position in positions)
                    locations.AddRange([row, position, head]);
            }
        }

        return new ResolvedUnits(locations.ToArray(), [batch, headCount, positionCount]);
    }

    private static (ImmutableArray<int> Heads, ImmutableArray<int> Positions) Grid(
        RepresentationConfig representation, Component component, UnitLocation? location, int row, int length)
    {
        var allHeads = Enumerable.Range(0, component.Heads).ToImmutableArray();
        var allPositions = Enumerable.Range(0, length).ToImmutableArray();
        return (location, representation.Unit) switch
        {
            (null, _) => (allHeads, allPositions),
            (_, "h.pos") => (location.HeadsOf(row), location.UnitsOf(row)),
            (_, "h") => (location.UnitsOf(row), allPositions),
            _ => (allHeads, location.UnitsOf(row)),
        };
    }

    private static void CheckRow(RepresentationConfig representation, ImmutableArray<int> units, int count, int limit, string what, int row)
    {
        if (units.Length != count)
            throw new InterventionException($"{representation}: example {row} has {units.Length} {what}s, example 0 has {count}; they must be equally many.");
        foreach (var unit in units)
        {
            if (unit < 0 || unit >= limit)
                throw new InterventionException($"{representation}: there is no {what} {unit}; example {row} has the {what}s 0 to {limit - 1}.");
        }
    }
}
