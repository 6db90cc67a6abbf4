namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The kinds of intervention, which are pyvene's. x is what stands at the units, s the source, c the coefficient, W a
/// matrix with
/// orthonormal columns, S the chosen subspace.
/// </summary>
public enum InterventionType
{
    /// <summary>Interchange: s in place of x, in S.</summary>
    Vanilla,

    /// <summary>x + c · s, in S.</summary>
    Addition,

    /// <summary>x − c · s, in S.</summary>
    Subtraction,

    /// <summary>Zeros in place of x, in S.</summary>
    Zero,

    /// <summary>An average in place of x, in S: mean ablation.</summary>
    Mean,

    /// <summary>x + level · noise, where the noise is a parameter.</summary>
    Noise,

    /// <summary>x is read and stays.</summary>
    Collect,

    /// <summary>What the module reads in the source's run, in place of what it gives: the module is skipped.</summary>
    Skip,

    /// <summary>DAS: x and s are rotated by W, S is interchanged, and the result is rotated back.</summary>
    RotatedSpace,

    /// <summary>x + (sW − xW)Wᵀ, of W's columns those in S.</summary>
    LowRankRotatedSpace,

    /// <summary>DAS whose subspace ends at a trained, soft boundary.</summary>
    BoundlessRotatedSpace,

    /// <summary>x and s mixed by a soft mask over dimensions.</summary>
    SigmoidMask,

    /// <summary>x and s mixed by a soft mask over rotated dimensions.</summary>
    SigmoidMaskRotatedSpace,

    /// <summary>Interchange in the space of principal components.</summary>
    PCARotatedSpace,

    /// <summary>Interchange of an autoencoder's latents.</summary>
    Autoencoder,

    /// <summary>Interchange of the latents of a sparse autoencoder with JumpReLU.</summary>
    JumpReLUAutoencoder,

    /// <summary>x + scaling · (i Aᵀ) Bᵀ, where i is what the module reads.</summary>
    LoRA,

    /// <summary>x + (V xᵀ + b − xR) Rᵀ.</summary>
    LoReFT,

    /// <summary>x without its part along some directions.</summary>
    ProjectOut,

    /// <summary>A constant in place of x, in S.</summary>
    ConstantSource,

    /// <summary>What a function of this process makes of x and s.</summary>
    Lambda,

    /// <summary>What nodes of the user's make of x and s, inside the graph.</summary>
    Custom,
}
