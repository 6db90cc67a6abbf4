namespace OnnxIntervene.IR;

/// <summary>One read of a value by a node; the node may be in a subgraph that captures the value.</summary>
/// <param name="Node">The node that reads.</param>
/// <param name="InputIndex">Which of its inputs.</param>
public readonly record struct Use(Node Node, int InputIndex)
{
    /// <inheritdoc/>
    public override string ToString() => $"input {InputIndex} of {Node}";
}
