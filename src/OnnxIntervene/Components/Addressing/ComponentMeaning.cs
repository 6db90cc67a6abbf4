namespace OnnxIntervene.Components.Addressing;

/// <summary>Which of the meanings that its name has among families a component has in a model.</summary>
public enum ComponentMeaning
{
    /// <summary>The name has one meaning, or nothing in the graph tells which.</summary>
    Usual,

    /// <summary>What the sub-layer adds to the residual stream.</summary>
    Added,

    /// <summary>
    /// What the sub-layer's last projection outputs, before the norm or the scale that stands before the addition
    /// (Gemma 2, OLMo 2, Granite).
    /// </summary>
    Projected,

    /// <summary>
    /// The stream after the addition and the norm that follows it, as BERT's, BLIP's and ESM's modules output it.
    /// </summary>
    WithResidual,

    /// <summary>The stream after the norm that follows the addition.</summary>
    Normalised,

    /// <summary>In a gated feed-forward, the activated gate before it multiplies the other branch.</summary>
    Gate,

    /// <summary>What the activation function reads (BLIP).</summary>
    BeforeActivation,
}
