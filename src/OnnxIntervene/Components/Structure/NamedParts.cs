using System.Collections.Immutable;

namespace OnnxIntervene.Components.Structure;

/// <summary>The sub-layers of a layer that components are named after.</summary>
/// <param name="Attention">The attention; null where there is none.</param>
/// <param name="Cross">The cross-attention; null where there is none.</param>
/// <param name="Mixer">The mixer; null where there is none.</param>
/// <param name="FeedForward">
/// The feed-forward; null where there is none. Of two, the second: the first goes with the attention (Conformer).
/// </param>
internal sealed record NamedParts(SubLayer? Attention, SubLayer? Cross, SubLayer? Mixer, SubLayer? FeedForward)
{
    public static NamedParts Of(ImmutableArray<SubLayer> parts) =>
        new(
            parts.FirstOrDefault(part => part.Kind == SubLayerKind.Attention),
            parts.FirstOrDefault(part => part.Kind == SubLayerKind.CrossAttention),
            parts.FirstOrDefault(part => part.Kind == SubLayerKind.Mixer),
            parts.LastOrDefault(part => part.Kind == SubLayerKind.FeedForward)
        );

    /// <summary>Which sub-layers of a stack have no components, in words; null where all have.</summary>
    public static string? LeftOutOf(Stack stack)
    {
        var unnamed = stack
            .Layers.Select(layer => Of(layer).Without(layer).ToList())
            .Where(parts => parts.Count > 0)
            .ToList();
        if (unnamed.Count == 0)
            return null;
        var kinds = unnamed.SelectMany(parts => parts.Select(part => LayerBoundaries.NameOf(part.Kind))).Distinct();
        var where = stack.Name.Length > 0 ? $"{stack.Name}: " : "";
        return $"{where}in {unnamed.Count} of {stack.Layers.Length} layers, one "
            + $"more {string.Join(" and one more ", kinds)} than components are named after (see --structure)";
    }

    private IEnumerable<SubLayer> Without(ImmutableArray<SubLayer> parts) =>
        parts.Where(part => part != Attention && part != Cross && part != Mixer && part != FeedForward);
}
