using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps;

/// <summary>
/// The numbering of a component's units in one example: every position, every head at every position, or every head.
/// </summary>
internal sealed record UnitGrid(Component Component, int Length)
{
    /// <summary>Reads every unit of the first examples.</summary>
    /// <param name="examples">How many examples.</param>
    public SiteFeed ReadAll(int examples = 1) =>
        new()
        {
            ReadLocations = Enumerable
                .Range(0, examples)
                .SelectMany(example => Enumerable.Range(0, Count).SelectMany(unit => Location(example, unit)))
                .ToArray(),
        };

    /// <summary>The units at a position: the position, or every head there.</summary>
    public IEnumerable<int> UnitsAt(int position) =>
        Component.Layout == ComponentLayout.HeadsInWidth
            ? Enumerable.Range(position * Component.Heads, Component.Heads)
            : [position];

    /// <summary>The position of a unit; 0 for one that has all of them.</summary>
    public int PositionOf(int unit) =>
        Component.Layout switch
        {
            ComponentLayout.Positions => unit,
            ComponentLayout.HeadsInWidth => unit / Component.Heads,
            _ => 0,
        };

    /// <summary>A unit of an example as a spliced site takes it.</summary>
    /// <param name="example">The example.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="first">The first position that the run computes.</param>
    public long[] Location(int example, int unit, int first = 0) =>
        Component.Layout switch
        {
            ComponentLayout.HeadsInWidth => UnitAddress
                .Of(Component, example, unit % Component.Heads, (unit / Component.Heads) - first)
                .ToArray(),
            ComponentLayout.Positions => UnitAddress.Of(example, unit - first).ToArray(),
            _ => UnitAddress.Of(example, unit).ToArray(),
        };

    /// <summary>The shape of one unit: its width, or queries and keys of a head's probabilities.</summary>
    /// <param name="elements">How many elements it has.</param>
    public long[] UnitShape(int elements) =>
        Component.Layout == ComponentLayout.HeadsFirst ? [Length, elements / Length] : [elements];

    /// <summary>How many units there are.</summary>
    public int Count =>
        Component.Layout switch
        {
            ComponentLayout.Positions => Length,
            ComponentLayout.HeadsInWidth => Length * Component.Heads,
            _ => Component.Heads,
        };
}
