using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Baking;

/// <summary>What a layer lost for good.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Component">Whose heads, or whose elements.</param>
/// <param name="Count">How many there were.</param>
/// <param name="Removed">Those that went, ascending.</param>
public sealed record RemovedUnits(int Layer, string Component, int Count, ImmutableArray<int> Removed)
{
    /// <summary>How many stay.</summary>
    public int Kept => Count - Removed.Length;

    /// <summary>Whether these are heads; else they are elements, such as neurons.</summary>
    public bool AreHeads => Component.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal);

    /// <summary>How many key and value heads stay, of how many.</summary>
    internal (int Kept, int Count) KeyHeads(ComponentMap map)
    {
        var keys = map
            .Components.FirstOrDefault(component =>
                component.Address == new ComponentAddress(Layer, ComponentNames.HeadPrefix + ComponentNames.KeyOutput)
            )
            ?.Heads;
        if (keys is not > 0 || Count % keys.Value != 0)
            return (Kept, Count);
        var size = Count / keys.Value;
        var kept = Enumerable.Range(0, Count).Except(Removed).Select(head => head / size).Distinct().Count();
        return (kept, keys.Value);
    }
}
