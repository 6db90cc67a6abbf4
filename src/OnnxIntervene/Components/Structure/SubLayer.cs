using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

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

    /// <summary>The stream after the addition, and after what clips, masks or scales it there.</summary>
    public Value? Sum { get; init; }

    /// <summary>The stream after the addition, and after the norm when one follows in the stream itself.</summary>
    public required Value Result { get; init; }

    /// <summary>Whether a norm follows the addition in the stream itself.</summary>
    public bool IsPostNorm { get; init; }

    /// <summary>
    /// Whether nothing is added after it, so that the graph does not show where the stream would go on.
    /// </summary>
    public bool IsLast { get; init; }

    /// <summary>Every node between the stream and the part.</summary>
    public required IReadOnlySet<Node> Nodes { get; init; }

    /// <summary>The attention among the nodes; null in a feed-forward.</summary>
    public AttentionCore? Core { get; init; }

    /// <summary>What it is.</summary>
    public required SubLayerKind Kind { get; init; }

    /// <summary>Whether the keys come from another stream.</summary>
    public bool IsCross => Kind == SubLayerKind.CrossAttention;

    /// <summary>The sub-layer with or without the norm of its sum in the stream, where there is one.</summary>
    public SubLayer As(bool isPostNorm)
    {
        if (isPostNorm == IsPostNorm || Sum is null)
            return this;
        if (!isPostNorm)
            return this with { Result = Sum, IsPostNorm = false };
        return StreamTracer.NormOf(Sum) is { } norm ? this with { Result = norm, IsPostNorm = true } : this;
    }

    /// <summary>Whether the node convolves with weights of the file.</summary>
    public static bool IsConvolution(Node node) =>
        node.Operator.OperatorType is "Conv" or "FusedConv"
        && node.InputOrNull(1) is { } weights
        && GraphConstants.IsConstant(weights);

    /// <summary>Whether the node makes something of several positions, in order or without a matrix.</summary>
    public static bool MixesPositions(Node node) => RecurrentOperators.Is(node) || IsPooling(node);

    /// <summary>Whether the node pools neighbouring positions.</summary>
    public static bool IsPooling(Node node) => node.Operator.OperatorType is "AveragePool" or "MaxPool" or "LpPool";
}
