using OnnxIntervene.IR;

namespace OnnxIntervene.Components;

/// <summary>Where in a graph a component's numbers are: a tensor, a part of one, or inside a fused operator.</summary>
public abstract record ComponentSource
{
    private protected ComponentSource()
    {
    }

    /// <summary>What <c>inspect</c> shows: the tensor's name, and what lies in the way of it.</summary>
    public abstract string Description { get; }
}

/// <summary>The component is a tensor of the file.</summary>
/// <param name="Value">The tensor.</param>
public sealed record TensorSource(Value Value) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => Value.Name;
}

/// <summary>The component is a range of a tensor's last axis.</summary>
/// <param name="Value">The tensor that holds several components side by side.</param>
/// <param name="Start">Where on the last axis the component begins.</param>
/// <param name="End">Where on the last axis it ends, excluded.</param>
public sealed record SliceSource(Value Value, int Start, int End) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"{Value.Name}[…, {Start}:{End}]";
}

/// <summary>The component is a tensor <c>[batch, position, head, head width]</c> that some exporters leave in parts.</summary>
/// <param name="Value">The tensor.</param>
/// <param name="Heads">The size of the third axis.</param>
/// <param name="HeadWidth">The size of the last axis.</param>
public sealed record SplitHeadsSource(Value Value, int Heads, int HeadWidth) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"{Value.Name}[…, {Heads}, {HeadWidth}]";
}

/// <summary>
/// The component is a third of a tensor whose last axis holds, head after head, that head's query, key and value.
/// </summary>
/// <param name="Value">The packed tensor, <c>[batch, position, heads × 3 × head width]</c>.</param>
/// <param name="Heads">How many heads there are.</param>
/// <param name="HeadWidth">How wide a head is.</param>
/// <param name="Part">0 for queries, 1 for keys, 2 for values.</param>
public sealed record InterleavedSource(Value Value, int Heads, int HeadWidth, int Part) : ComponentSource
{
    /// <summary>How many tensors share the packed one.</summary>
    internal const int Parts = 3;

    /// <inheritdoc/>
    public override string Description => $"{Value.Name} as [{Heads}, {Parts}, {HeadWidth}][…, {Part}, :]";
}

/// <summary>The component is the sum that a Skip(Simplified)LayerNormalization normalises; splicing opens the operator.</summary>
/// <param name="Node">The fused operator.</param>
public sealed record ResidualSumSource(Node Node) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => Node.OutputOrNull(3)?.Name ?? $"sum inside {Node.Name}";
}

/// <summary>The component is the attention probabilities inside a GroupQueryAttention; splicing opens the operator.</summary>
/// <param name="Node">The fused operator.</param>
public sealed record AttentionProbabilitySource(Node Node) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"probabilities inside {Node.Name}";
}
