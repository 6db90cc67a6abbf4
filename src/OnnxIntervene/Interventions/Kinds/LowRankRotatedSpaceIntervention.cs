using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Interchange along a few rotated dimensions: x + (sW − xW)Wᵀ.</summary>
public sealed record LowRankRotatedSpaceIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">W, <c>[width, rank]</c> with orthonormal columns.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">It is no matrix.</exception>
    public LowRankRotatedSpaceIntervention(NumericArray weight)
        : base(
            InterventionType.LowRankRotatedSpace,
            new(SizesOf(weight, ParameterShapes.Rotation).Rows, weight.Shape[1]),
            (ParameterShapes.Rotation, weight)
        ) { }
}
