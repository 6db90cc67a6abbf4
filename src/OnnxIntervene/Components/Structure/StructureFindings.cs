using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components.Structure;

/// <summary>What a graph's structure shows.</summary>
/// <param name="Stacks">The stacks of layers.</param>
/// <param name="LeftOut">What is in no layer, and why.</param>
internal sealed record StructureFindings(ImmutableArray<FoundStack> Stacks, ImmutableArray<string> LeftOut)
{
    /// <summary>Nothing is found.</summary>
    public static StructureFindings None { get; } = new([], []);

    /// <summary>The model's own layers; none where no stack is the model's own.</summary>
    public ImmutableArray<ImmutableArray<Component>> MainLayers =>
        Stacks.FirstOrDefault(stack => stack.IsMain)?.Layers ?? [];

    /// <summary>The name of the model's own stack; empty where it has none.</summary>
    public string MainName => Stacks.FirstOrDefault(stack => stack.IsMain)?.Name ?? "";

    /// <summary>One stack of layers, or nothing where there are none.</summary>
    public static StructureFindings OfOne(
        ImmutableArray<ImmutableArray<Component>> layers,
        ImmutableArray<MissingComponent> missing
    ) => layers.IsEmpty ? None : new StructureFindings([new FoundStack("", true, layers) { Missing = missing }], []);

    /// <summary>The same, with what was left out elsewhere.</summary>
    public StructureFindings With(ImmutableArray<string> leftOut) => this with { LeftOut = [.. leftOut, .. LeftOut] };

    /// <summary>Whether another graph has as many layers in as many stacks.</summary>
    public bool IsAlike(StructureFindings other) =>
        Stacks.Select(stack => stack.Layers.Length).SequenceEqual(other.Stacks.Select(stack => stack.Layers.Length));
}
