namespace OnnxIntervene.Components.Addressing;

/// <summary>Which axes of a component's tensor its units are counted on.</summary>
public enum ComponentLayout
{
    /// <summary><c>[batch, position, width]</c>: a unit is a position.</summary>
    Positions,

    /// <summary><c>[batch, position, heads × width]</c>: a unit is a head at a position.</summary>
    HeadsInWidth,

    /// <summary><c>[batch, head, query, key]</c>: a unit is a head.</summary>
    HeadsFirst,
}
