using System.Collections.Immutable;

namespace OnnxIntervene.Components;

/// <summary>
/// A user's component map: entries that override or add to what is found in a model. <c>ComponentMapFile</c> reads one.
/// </summary>
/// <param name="Entries">The entries, each with a different address.</param>
public sealed record ComponentOverrides(ImmutableArray<ComponentOverride> Entries)
{
    /// <summary>No entries: the components are as found.</summary>
    public static ComponentOverrides None { get; } = new([]);
}
