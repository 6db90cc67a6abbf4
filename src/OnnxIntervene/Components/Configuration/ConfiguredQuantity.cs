namespace OnnxIntervene.Components.Configuration;

/// <summary>What a number of a model's configuration counts.</summary>
public enum ConfiguredQuantity
{
    /// <summary>Layers.</summary>
    Layers,

    /// <summary>Heads of the queries.</summary>
    Heads,

    /// <summary>Heads of the keys and values.</summary>
    KeyValueHeads,

    /// <summary>Elements of one head.</summary>
    HeadWidth,

    /// <summary>Elements of the residual stream at one position.</summary>
    StreamWidth,
}
