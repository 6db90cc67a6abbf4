using System.Collections.Immutable;

namespace OnnxIntervene.Components.Structure;

/// <summary>The stacks of layers in a graph, and what is not in one.</summary>
/// <param name="Stacks">The stacks, in the graph's order.</param>
/// <param name="Main">
/// The model's own stack, which all others are computed for; null where none is, as with two towers.
/// </param>
/// <param name="Undivided">The streams that are not in layers.</param>
internal sealed record StackFindings(
    ImmutableArray<Stack> Stacks,
    Stack? Main,
    ImmutableArray<UndividedStream> Undivided
)
{
    /// <summary>What is computed outside all streams, in words.</summary>
    public ImmutableArray<string> Outside { get; init; } = [];
}
