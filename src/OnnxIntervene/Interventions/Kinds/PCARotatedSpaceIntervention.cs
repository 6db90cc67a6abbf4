using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of principal components: x and s are standardised and projected, the subspace interchanged, the result
/// put back.
/// </summary>
public sealed record PCARotatedSpaceIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="components">The components, <c>[components, width]</c>.</param>
    /// <param name="mean">What is subtracted first, <c>[width]</c>.</param>
    /// <param name="deviation">What is divided by then, <c>[width]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public PCARotatedSpaceIntervention(NumericArray components, NumericArray mean, NumericArray deviation)
        : base(
            InterventionType.PCARotatedSpace,
            new(SizesOf(components, "pca_components").Columns, components.Shape[0]),
            ("pca_components", components),
            ("pca_mean", mean),
            ("pca_std", deviation)
        ) { }
}
