namespace OnnxIntervene.Components.Structure;

/// <summary>What a sub-layer is, which decides where layers begin.</summary>
internal enum SubLayerKind
{
    /// <summary>The stream attends to itself.</summary>
    Attention,

    /// <summary>The stream attends to what is computed elsewhere.</summary>
    CrossAttention,

    /// <summary>Linear layers, or a mixture of experts, for each position by itself.</summary>
    FeedForward,

    /// <summary>A selective state space or another recurrence, in the place of an attention.</summary>
    Mixer,

    /// <summary>A convolution over positions, as Conformer has beside its attention.</summary>
    Convolution,

    /// <summary>A recurrent operator over the positions.</summary>
    Recurrence,

    /// <summary>Means or maxima of neighbouring positions, without weights (PoolFormer).</summary>
    Pooling,
}
