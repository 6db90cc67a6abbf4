namespace OnnxIntervene.Splicing;

/// <summary>
/// The stage of a node at which a component is computed. A fused operator computes several, one from the other.
/// </summary>
internal enum NodeStage
{
    /// <summary>Computed first inside a fused operator: projections, the biased part of a residual sum.</summary>
    Terms,

    /// <summary>
    /// Computed from these: attention probabilities, the residual sum, the states of a recurrent layer.
    /// </summary>
    Inside,

    /// <summary>What the node outputs.</summary>
    Output,

    /// <summary>What a module reads of the output.</summary>
    Read,
}
