using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>One addition to a residual stream, and what computes the part that is added.</summary>
internal sealed record SubLayer
{
    /// <summary>The stream before the addition.</summary>
    public required Value Stream { get; init; }

    /// <summary>What is added to it.</summary>
    public required Value Part { get; init; }

    /// <summary>The node that adds the part.</summary>
    public Node? Addition { get; init; }

    /// <summary>The stream after the addition, and after the norm when one follows in the stream itself.</summary>
    public required Value Result { get; init; }

    /// <summary>Whether a norm follows the addition in the stream itself.</summary>
    public bool IsPostNorm { get; init; }

    /// <summary>Every node between the stream and the part.</summary>
    public required IReadOnlySet<Node> Nodes { get; init; }

    /// <summary>The attention among the nodes; null in a feed-forward.</summary>
    public AttentionCore? Core { get; init; }

    /// <summary>Whether the keys come from another stream.</summary>
    public bool IsCross { get; init; }
}
