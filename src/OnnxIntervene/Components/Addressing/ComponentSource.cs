using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Addressing;

/// <summary>Where in a graph a component's numbers are: a tensor, a part of one, or inside a fused operator.</summary>
public abstract record ComponentSource
{
    private protected ComponentSource() { }

    /// <summary>What <c>inspect</c> shows: the tensor's name, and which part of it.</summary>
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

/// <summary>
/// The component is a tensor <c>[batch, position, head, head width]</c> that some exporters leave in parts.
/// </summary>
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
    /// <summary>How many components the packed tensor holds.</summary>
    internal const int Parts = 3;

    /// <inheritdoc/>
    public override string Description => $"{Value.Name} as [{Heads}, {Parts}, {HeadWidth}][…, {Part}, :]";
}

/// <summary>
/// The component is the sum that a Skip(Simplified)LayerNormalization normalises; splicing opens the operator.
/// </summary>
/// <param name="Node">The fused operator.</param>
public sealed record ResidualSumSource(Node Node) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => Node.OutputOrNull(3)?.Name ?? $"sum inside {Node.Name}";
}

/// <summary>
/// The component is the attention probabilities inside a GroupQueryAttention; splicing opens the operator.
/// </summary>
/// <param name="Node">The fused operator.</param>
public sealed record AttentionProbabilitySource(Node Node) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"probabilities inside {Node.Name}";
}

/// <summary>
/// The component is what some nodes read of a tensor that others read too: a module's input. Splicing changes it for
/// these readers only.
/// </summary>
/// <param name="Value">The tensor.</param>
/// <param name="Readers">The nodes of the module that read it.</param>
public sealed record InputSource(Value Value, ImmutableArray<Node> Readers) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description =>
        $"{Value.Name} as {string.Join(", ", Readers.Select(reader => reader.Name))} read it";
}

/// <summary>
/// The component is a tensor <c>[batch × position, width]</c>; or <c>[batch, width]</c>, which has one position.
/// </summary>
/// <param name="Value">The tensor.</param>
/// <param name="Batch">A tensor whose first axis is the batch; the tensor itself where it has one position.</param>
public sealed record FlatSource(Value Value, Value Batch) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description =>
        Value == Batch ? $"{Value.Name} [batch, width]" : $"{Value.Name} [batch × position, width]";
}

/// <summary>
/// The component is what a Skip(Simplified)LayerNormalization adds to the stream, its bias included; splicing opens the
/// operator.
/// </summary>
/// <param name="Node">The fused operator.</param>
public sealed record ResidualPartSource(Node Node) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"biased part inside {Node.Name}";
}

/// <summary>
/// The component is a projection inside ONNX Runtime's Attention, which multiplies the weights itself; splicing opens
/// the operator.
/// </summary>
/// <param name="Node">The fused operator.</param>
/// <param name="Part">0 for queries, 1 for keys, 2 for values.</param>
public sealed record PackedAttentionSource(Node Node, int Part) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"{new[] { "query", "key", "value" }[Part]} inside {Node.Name}";
}

/// <summary>The component is in each branch of an If, one of which runs.</summary>
/// <param name="Owner">The If.</param>
/// <param name="Sources">Where it is in each branch, in the order of the node's subgraphs.</param>
public sealed record BranchSource(Node Owner, ImmutableArray<ComponentSource> Sources) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => string.Join(" or ", Sources.Select(source => source.Description).Distinct());
}

/// <summary>
/// The component is in one branch of an If, or of several inside each other: it is there in runs that take this branch.
/// </summary>
/// <param name="Path">The branches, the outermost first.</param>
/// <param name="Source">Where it is in the innermost branch.</param>
public sealed record OneBranchSource(ImmutableArray<IfBranch> Path, ComponentSource Source) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"{Source.Description}, where {Path[^1]} runs";
}

/// <summary>One branch of an If.</summary>
/// <param name="Owner">The If.</param>
/// <param name="Number">The branch's place among the node's subgraphs.</param>
public sealed record IfBranch(Node Owner, int Number)
{
    /// <summary>The graph that runs.</summary>
    internal Graph Graph => Owner.Subgraphs.ElementAt(Number);

    /// <summary><c>then_branch of If node 'NAME'</c>.</summary>
    public override string ToString() =>
        $"{Owner.Attributes.Where(attribute => attribute.Subgraphs.Any()).ElementAt(Number).Name} of {Owner}";
}

/// <summary>
/// The component is the state of a recurrent operator after each step; splicing turns the operator into a loop over
/// its steps.
/// </summary>
/// <param name="Node">The GRU, LSTM or RNN.</param>
public sealed record RecurrentSource(Node Node) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"state inside {Node.Name}";
}

/// <summary>
/// The component is the state of a recurrent layer whose steps the graph writes out: one tensor <c>[batch, width]</c> a
/// step.
/// </summary>
/// <param name="States">The state after each step.</param>
public sealed record StepsSource(ImmutableArray<Value> States) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => $"{States[0].Name} … {States[^1].Name}, {States.Length} steps";
}

/// <summary>
/// The component is a tensor in the body of a Loop or Scan, computed again at each step; units are steps.
/// </summary>
/// <param name="Owner">The Loop or Scan.</param>
/// <param name="Value">The tensor, <c>[batch, …]</c>.</param>
public sealed record BodySource(Node Owner, Value Value) : ComponentSource
{
    /// <inheritdoc/>
    public override string Description => Value.Name;
}
