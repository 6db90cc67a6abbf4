namespace OnnxIntervene.Studies.Reading;

/// <summary>How components are collected.</summary>
public sealed record CollectionOptions
{
    /// <summary>How many examples run together at most.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// A folder in which what is done is kept, and from which a collection that was ended goes on; null for none. The
    /// caller deletes it when the values are safe elsewhere.
    /// </summary>
    public string? Parts { get; init; }
}
