using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Gradients;

/// <summary>The components that a gradient's graph touches.</summary>
/// <param name="Differentiated">Those that are differentiated by.</param>
/// <param name="Moved">Those that something is added to.</param>
/// <param name="Read">Those whose values are outputs.</param>
internal sealed record GradientComponents(
    ImmutableArray<Component> Differentiated,
    ImmutableArray<Component> Moved,
    ImmutableArray<Component> Read
)
{
    /// <summary>All of them; those with two roles come twice.</summary>
    public IEnumerable<Component> All => Differentiated.Concat(Moved).Concat(Read);
}
