using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps;

/// <summary>
/// The numbering of a component's units in one example: every position, every head at every position, or every head.
/// </summary>
internal sealed record UnitGrid(Component Component, int Length)
{
    /// <summary>Whether a unit of probabilities is what one query of a head gives, not the whole head.</summary>
    public bool CountsQueries { get; init; }

    /// <summary>Whether a unit is at a position.</summary>
    public bool HasPositions => Component.Layout != ComponentLayout.HeadsFirst || CountsQueries;

    /// <summary>Whether a unit is a head at a position; heads of a position follow each other.</summary>
    public bool HasHeadsAtPositions => HasPositions && Component.Layout != ComponentLayout.Positions;

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
        HasHeadsAtPositions ? Enumerable.Range(position * Component.Heads, Component.Heads) : [position];

    /// <summary>The position of a unit; 0 for one that has all of them.</summary>
    public int PositionOf(int unit) =>
        !HasPositions ? 0
        : HasHeadsAtPositions ? unit / Component.Heads
        : unit;

    /// <summary>A unit of an example as a spliced site takes it.</summary>
    /// <param name="example">The example.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="first">The first position that the run computes.</param>
    public long[] Location(int example, int unit, int first = 0) =>
        HasHeadsAtPositions
            ? UnitAddress.Of(Component, example, unit % Component.Heads, (unit / Component.Heads) - first).ToArray()
            : UnitAddress.Of(example, HasPositions ? unit - first : unit).ToArray();

    /// <summary>The shape of one unit: its width, keys, or queries and keys of a head's probabilities.</summary>
    /// <param name="elements">How many elements it has.</param>
    public long[] UnitShape(int elements) => HasPositions ? [elements] : [Length, elements / Length];

    /// <summary>How many units there are.</summary>
    public int Count =>
        !HasPositions ? Component.Heads
        : HasHeadsAtPositions ? Length * Component.Heads
        : Length;
}
