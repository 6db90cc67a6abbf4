namespace OnnxIntervene.Splicing;

/// <summary>
/// Where at one node of the file a component is computed. A fused operator computes several, one from the other.
/// </summary>
internal enum PlaceStage
{
    /// <summary>Made first inside a fused operator: projections, the biased part of a residual sum.</summary>
    Terms,

    /// <summary>Made of these: attention probabilities, the residual sum, the states of a recurrent layer.</summary>
    Inside,

    /// <summary>What the node outputs.</summary>
    Output,

    /// <summary>What a module reads of it.</summary>
    Read,
}
