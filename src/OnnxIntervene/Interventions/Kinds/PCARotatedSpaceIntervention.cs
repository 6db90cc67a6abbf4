using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of principal components: x and s are standardised and projected, the subspace interchanged, the result
/// put back.
/// </summary>
public sealed record PCARotatedSpaceIntervention : Intervention
{
    private const string ComponentsName = "pca_components";
    private const string MeanName = "pca_mean";
    private const string DeviationName = "pca_std";

    internal static InterventionType Kind { get; } =
        new("PCARotatedSpace", Exchanged)
        {
            FoldsUnits = true,
            Parameters =
            [
                new(ComponentsName, sizes => [sizes.Latents, sizes.Width]),
                new(MeanName, sizes => [sizes.Width]),
                new(DeviationName, sizes => [sizes.Width]),
            ],
            Create = arrays => new PCARotatedSpaceIntervention(
                arrays[ComponentsName],
                arrays[MeanName],
                arrays[DeviationName]
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="components">The components, <c>[components, width]</c>.</param>
    /// <param name="mean">What is subtracted first, <c>[width]</c>.</param>
    /// <param name="deviation">What is divided by next, <c>[width]</c>.</param>
    /// <exception cref="InterventionException">The shapes do not fit each other.</exception>
    public PCARotatedSpaceIntervention(NumericArray components, NumericArray mean, NumericArray deviation)
        : base(
            Kind,
            new(SizesOf(components, ComponentsName).Columns, components.Shape[0]),
            (ComponentsName, components),
            (MeanName, mean),
            (DeviationName, deviation)
        ) { }

    /// <summary>pyvene's files leave out what is not trained.</summary>
    internal override bool HasPlaceInPyvenesFiles => false;

    // The subspace is interchanged among the principal components of the standardised values.
    private static Value Exchanged(KindRows rows)
    {
        var components = rows.Parameter(ComponentsName);
        var mixed = rows.Exchanged(value => rows.MatMulTransposed(Standardised(rows, value), components));
        return rows.Ops.Add(
            rows.Ops.Mul(rows.MatMul(mixed, components), rows.Parameter(DeviationName)),
            rows.Parameter(MeanName)
        );
    }

    private static Value Standardised(KindRows rows, Value value) =>
        rows.Div(rows.Ops.Sub(value, rows.Parameter(MeanName)), rows.Parameter(DeviationName));
}

public sealed partial class InterventionType
{
    /// <summary>Interchange in the space of principal components.</summary>
    public static InterventionType PCARotatedSpace => PCARotatedSpaceIntervention.Kind;
}
