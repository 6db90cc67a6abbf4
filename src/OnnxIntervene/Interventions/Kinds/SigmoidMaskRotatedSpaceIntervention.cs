using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Rotated x and s mixed dimension by dimension, and rotated back: ((1 − m) xW + m sW) Wᵀ with m = σ(masks / T).
/// </summary>
public sealed record SigmoidMaskRotatedSpaceIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">W, <c>[width, width]</c> with orthonormal columns.</param>
    /// <param name="masks">The mask before the sigmoid, <c>[width]</c>.</param>
    /// <param name="temperature">T, <c>[1]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public SigmoidMaskRotatedSpaceIntervention(NumericArray weight, NumericArray masks, NumericArray temperature)
        : base(
            InterventionType.SigmoidMaskRotatedSpace,
            new(SizesOf(weight, ParameterShapes.Rotation).Rows, weight.Shape[0]),
            (ParameterShapes.Rotation, weight),
            ("masks", masks),
            (ParameterShapes.Temperature, Single(temperature))
        ) { }
}
