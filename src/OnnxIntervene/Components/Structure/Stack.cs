using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// A sequence of layers: one residual stream, or several of which each goes on from the one before.
/// </summary>
/// <param name="Layers">The sub-layers of each layer; side-by-side ones share stream and result.</param>
internal sealed record Stack(ImmutableArray<ImmutableArray<SubLayer>> Layers)
{
    /// <summary>Its name; empty where it is the only one.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// An input of the graph that its stream is computed from, whose first axis is the examples; null where there is
    /// none.
    /// </summary>
    public Value? Input { get; init; }

    /// <summary>Whether norms are in the stream itself after everything that is added to it.</summary>
    public bool IsPostNorm => Layers.All(layer => layer.All(part => part.IsPostNorm));
}
