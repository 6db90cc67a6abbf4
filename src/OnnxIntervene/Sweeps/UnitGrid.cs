using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps;

/// <summary>
/// The numbering of a component's units in one example: every position, every head at every position, or every head.
/// </summary>
internal sealed record UnitGrid(Component Component, int Length)
{
    /// <summary>How many columns a sweep over this component has.</summary>
    public int Columns => Component.Layout == ComponentLayout.Positions ? Length : Component.Heads;

    /// <summary>Reads every unit of the first example.</summary>
    public SiteFeed ReadAll() =>
        new() { ReadLocations = Enumerable.Range(0, Count).SelectMany(unit => Location(0, unit)).ToArray() };

    /// <summary>The units of one cell: a position; a head at some positions; or a head.</summary>
    public IEnumerable<int> UnitsOf(int column, IReadOnlyList<int> positions) =>
        Component.Layout == ComponentLayout.HeadsInWidth
            ? positions.Select(position => (position * Component.Heads) + column)
            : [column];

    /// <summary>A unit of an example as a spliced site takes it.</summary>
    public long[] Location(int example, int unit) =>
        Component.Layout == ComponentLayout.HeadsInWidth
            ? UnitAddress.Of(Component, example, unit % Component.Heads, unit / Component.Heads).ToArray()
            : UnitAddress.Of(example, unit).ToArray();

    private int Count =>
        Component.Layout switch
        {
            ComponentLayout.Positions => Length,
            ComponentLayout.HeadsInWidth => Length * Component.Heads,
            _ => Component.Heads,
        };
}
