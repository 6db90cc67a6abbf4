using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>
/// The units of a whole batch as a spliced site takes them, checked against the component and the input.
/// </summary>
/// <param name="Locations">
/// (example, unit), (example, position, head) or (example, entry, entry), one after the other.
/// </param>
/// <param name="Shape">
/// How the units are arranged: <c>[batch, units]</c> or <c>[batch, heads, positions]</c>; empty where examples differ
/// in number.
/// </param>
/// <param name="Counts">How many units each example has.</param>
internal sealed record ResolvedUnits(
    ReadOnlyMemory<long> Locations,
    ImmutableArray<int> Shape,
    ImmutableArray<int> Counts
)
{
    /// <summary>How many units there are in all.</summary>
    public int Count => Counts.Sum();

    /// <summary>Whether examples differ in how many units they have.</summary>
    public bool IsRagged => Shape.IsEmpty;

    /// <summary>Counts a component's units for some inputs, and finds a location among them.</summary>
    /// <exception cref="InterventionException">
    /// A unit is outside the component or the input, or the unit kind does not fit.
    /// </exception>
    public static ResolvedUnits Find(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location,
        ModelInputs inputs,
        Func<Component, ModelInputs, bool, UnitExtent> count,
        LocationFinder finder
    )
    {
        var countsTwo = UnitRules.CountsTwoAxes(representation, component);
        var extent = count(component, inputs, countsTwo);
        var positions = countsTwo ? extent.Second : extent.First;
        return Resolve(
            representation,
            component,
            finder.Find(location, inputs, representation, extent, positions),
            extent
        );
    }

    /// <summary>Resolves a location for a batch; null means every unit.</summary>
    /// <param name="representation">The intervention, for its component and unit.</param>
    /// <param name="component">The component.</param>
    /// <param name="location">The units; null for all.</param>
    /// <param name="extent">How many examples and units there are.</param>
    /// <exception cref="InterventionException">
    /// A unit is outside the component or the input, or the unit kind does not fit.
    /// </exception>
    public static ResolvedUnits Resolve(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location,
        UnitExtent extent
    )
    {
        ArgumentNullException.ThrowIfNull(representation);
        ArgumentNullException.ThrowIfNull(component);
        var batch = extent.Examples;
        UnitRules.Check(representation, component, location, extent);
        var countsTwo =
            component.Layout == ComponentLayout.HeadsInWidth || UnitRules.CountsTwoAxes(representation, component);
        return countsTwo
            ? Grid(representation, component, location, batch, extent)
            : Single(representation, component, location, batch, extent.First);
    }

    /// <summary>
    /// The same units with positions before heads: the order in which heads are folded into a row.
    /// </summary>
    public ResolvedUnits PositionsFirst()
    {
        if (Shape.Length != 3)
            return this;
        var (batch, heads, positions) = (Shape[0], Shape[1], Shape[2]);
        var ordered = new long[Locations.Length];
        for (var unit = 0; unit < Count; unit++)
            Locations.Span.Slice(3 * PlaceOf(unit, heads, positions), 3).CopyTo(ordered.AsSpan(3 * unit));
        return new ResolvedUnits(ordered, [batch, positions, heads], Counts);
    }

    /// <summary>Rows of one width, one for each unit in this order, positions before heads.</summary>
    internal ReadOnlyMemory<float> PositionsFirst(ReadOnlyMemory<float> rows, int width)
    {
        if (Shape.Length != 3)
            return rows;
        var ordered = new float[rows.Length];
        for (var unit = 0; unit < Count; unit++)
            rows.Span.Slice(width * PlaceOf(unit, Shape[1], Shape[2]), width).CopyTo(ordered.AsSpan(width * unit));
        return ordered;
    }

    /// <summary>Rows of units with positions before heads, in this order: what the other one does, undone.</summary>
    internal ReadOnlyMemory<float> PositionsLast(ReadOnlyMemory<float> rows, int width)
    {
        if (Shape.Length != 3)
            return rows;
        var ordered = new float[rows.Length];
        for (var unit = 0; unit < Count; unit++)
            rows.Span.Slice(width * unit, width)
                .CopyTo(ordered.AsSpan(width * PlaceOf(unit, Shape[1], Shape[2]), width));
        return ordered;
    }

    // For each unit of [batch, positions, heads] in order, its index in [batch, heads, positions].
    private static int PlaceOf(int unit, int heads, int positions)
    {
        var (example, rest) = Math.DivRem(unit, heads * positions);
        var (position, head) = Math.DivRem(rest, heads);
        return (((example * heads) + head) * positions) + position;
    }

    private static ResolvedUnits Single(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location,
        int batch,
        int length
    )
    {
        var isHead = component.Layout == ComponentLayout.HeadsFirst;
        var limit = isHead ? component.Heads : length;
        var all = Enumerable.Range(0, limit).ToImmutableArray();
        var locations = new List<long>();
        var counts = ImmutableArray.CreateBuilder<int>(batch);
        for (var row = 0; row < batch; row++)
        {
            var units = location?.UnitsOf(row) ?? all;
            UnitRules.CheckRow(
                representation,
                units,
                limit,
                isHead ? "head"
                    : component.Unit == "t" ? "step"
                    : "position",
                row
            );
            counts.Add(units.Length);
            foreach (var unit in units)
                locations.AddRange(UnitAddress.Of(row, unit));
        }

        return new ResolvedUnits(
            locations.ToArray(),
            counts.Distinct().Count() == 1 ? [batch, counts[0]] : [],
            counts.ToImmutable()
        );
    }

    private static ResolvedUnits Grid(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location,
        int batch,
        UnitExtent extent
    )
    {
        var isHead = component.Layout == ComponentLayout.HeadsInWidth;
        var limits = isHead
            ? (Outer: component.Heads, Inner: extent.First)
            : (Outer: extent.First, Inner: extent.Second);
        var locations = new List<long>();
        var counts = ImmutableArray.CreateBuilder<(int Outer, int Inner)>(batch);
        for (var row = 0; row < batch; row++)
        {
            var (outer, inner) = Axes(representation, location, row, limits);
            UnitRules.CheckRow(representation, outer, limits.Outer, isHead ? "head" : "entry", row);
            UnitRules.CheckRow(
                representation,
                inner,
                limits.Inner,
                isHead ? "position" : "entry of the third axis",
                row
            );
            SizeProduct.ToMake(3 * sizeof(long), $"{representation}: the units", batch, outer.Length, inner.Length);
            counts.Add((outer.Length, inner.Length));
            foreach (var (first, second) in outer.SelectMany(first => inner.Select(second => (first, second))))
                locations.AddRange(UnitAddress.Of(component, row, first, second));
        }

        return new ResolvedUnits(
            locations.ToArray(),
            counts.Distinct().Count() == 1 ? [batch, counts[0].Outer, counts[0].Inner] : [],
            [.. counts.Select(count => count.Outer * count.Inner)]
        );
    }

    private static (ImmutableArray<int> Outer, ImmutableArray<int> Inner) Axes(
        RepresentationConfig representation,
        UnitLocation? location,
        int row,
        (int Outer, int Inner) limits
    )
    {
        var (allOuter, allInner) = (
            Enumerable.Range(0, limits.Outer).ToImmutableArray(),
            Enumerable.Range(0, limits.Inner).ToImmutableArray()
        );
        if (location is null)
            return (allOuter, allInner);
        if (representation.Unit.Contains('.', StringComparison.Ordinal))
            return (location.HeadsOf(row), location.UnitsOf(row));
        return representation.Unit == "h" ? (location.UnitsOf(row), allInner) : (allOuter, location.UnitsOf(row));
    }
}
