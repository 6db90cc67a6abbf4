using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components.Structure;

/// <summary>A stack of layers with its components.</summary>
/// <param name="Name">Its name; empty where it is the only one.</param>
/// <param name="IsMain">Whether its components are meant where no stack is named.</param>
/// <param name="Layers">The components of each layer.</param>
internal sealed record FoundStack(string Name, bool IsMain, ImmutableArray<ImmutableArray<Component>> Layers)
{
    /// <summary>What is known not to be a component, and why.</summary>
    public ImmutableArray<MissingComponent> Missing { get; init; } = [];
}
