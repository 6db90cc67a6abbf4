using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Distributed interchange (DAS, Geiger et al. 2023): x and s are rotated, the subspace is interchanged, the result
/// rotated back.
/// </summary>
public sealed record RotatedSpaceIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">
    /// W, <c>[width, width]</c> with orthonormal columns; the width is that of all units of an example together.
    /// </param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The matrix is not square.</exception>
    public RotatedSpaceIntervention(NumericArray weight)
        : base(
            InterventionType.RotatedSpace,
            new(SizesOf(weight, ParameterShapes.Rotation).Rows, weight.Shape[0]),
            (ParameterShapes.Rotation, weight)
        ) { }
}
