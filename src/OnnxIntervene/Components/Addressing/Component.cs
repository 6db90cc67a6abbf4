namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// A part of a model where interventions apply. Its tensor is <c>[batch, position, width]</c>; that of a head component
/// is split into <c>[batch, head, position, width]</c>, and <c>attention_weight</c> is <c>[batch, head, query,
/// key]</c>.
/// </summary>
/// <param name="Address">Layer and name.</param>
/// <param name="Source">Where its numbers are.</param>
/// <param name="Width">
/// Elements of one unit: of a position, or of a head at a position; 0 where a unit has no fixed width.
/// </param>
/// <param name="Heads">How many heads there are to address; 0 for a component that is not split into heads.</param>
/// <param name="Unit">The unit kind that addresses it by default: <c>pos</c>, <c>h</c> or <c>h.pos</c>.</param>
public sealed record Component(ComponentAddress Address, ComponentSource Source, int Width, int Heads, string Unit)
{
    /// <summary>Which of its name's meanings it has.</summary>
    public ComponentMeaning Meaning { get; init; }

    /// <summary>Which axes units are counted on.</summary>
    public ComponentLayout Layout =>
        Heads == 0 ? ComponentLayout.Positions
        : Width == 0 ? ComponentLayout.HeadsFirst
        : ComponentLayout.HeadsInWidth;

    /// <summary>Whether it is a tensor that was asked for by name.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Axes of its tensor: 3, except for some raw tensors. A unit is an entry of the second axis.</summary>
    public int Axes { get; init; } = 3;

    /// <summary>Axes of one unit: its width; queries and keys of a head's probabilities.</summary>
    internal int UnitAxes => Layout == ComponentLayout.HeadsFirst ? 2 : Axes - 2;

    /// <summary>Elements of a position, heads taken together.</summary>
    internal int FullWidth => Width * Math.Max(1, Heads);

    /// <inheritdoc/>
    public override string ToString() => Address.ToString();
}
