using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Distributed interchange with a soft boundary (Boundless DAS, Wu et al. 2023): dimension i of n is mixed by
/// σ(i / T) · σ((β n − i) / T), β kept in 0.001 … 1.
/// </summary>
public sealed record BoundlessRotatedSpaceIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">W, <c>[width, width]</c> with orthonormal columns.</param>
    /// <param name="boundaries">β, <c>[1]</c>.</param>
    /// <param name="temperature">T, <c>[1]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public BoundlessRotatedSpaceIntervention(NumericArray weight, NumericArray boundaries, NumericArray temperature)
        : base(
            InterventionType.BoundlessRotatedSpace,
            new(SizesOf(weight, ParameterShapes.Rotation).Rows, weight.Shape[0]),
            (ParameterShapes.Rotation, weight),
            ("intervention_boundaries", Single(boundaries)),
            (ParameterShapes.Temperature, Single(temperature))
        ) { }
}
