using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interventions in a rotated space (pyvene, models/interventions.py; boundless as in the released 0.1.8).
/// </summary>
internal static class RotationArithmetic
{
    private const float SmallestBoundary = 1e-3f;

    /// <summary>xW with the subspace of sW, back by Wᵀ.</summary>
    public static Value Rotated(KindRows rows)
    {
        var rotation = rows.Parameter(ParameterShapes.Rotation);
        var source = rows.MatMul(rows.Source!, rotation);
        var mixed = rows.Mask is null ? source : rows.Choose(source, rows.MatMul(rows.Base, rotation));
        return rows.MatMulTransposed(mixed, rotation);
    }

    /// <summary>x + (sW − xW)Wᵀ along the chosen columns.</summary>
    public static Value LowRank(KindRows rows)
    {
        var rotation = rows.Parameter(ParameterShapes.Rotation);
        var change = rows.Ops.Sub(rows.MatMul(rows.Source!, rotation), rows.MatMul(rows.Base, rotation));
        var chosen = rows.Mask is null ? change : rows.Choose(change, rows.Number(0));
        return rows.Ops.Add(rows.Base, rows.MatMulTransposed(chosen, rotation));
    }

    /// <summary>Dimension i is mixed by σ(i / T) · σ((β n − i) / T).</summary>
    public static Value Boundless(KindRows rows)
    {
        var ops = rows.Ops;
        var temperature = rows.Parameter(ParameterShapes.Temperature);
        var boundary = Bounded(rows, rows.Parameter("intervention_boundaries"));
        var dimensions = Dimensions(rows);
        var end = ops.Sub(ops.Mul(boundary, rows.Number(rows.Sizes.Latents)), dimensions);
        return Mixed(
            rows,
            ops.Mul(rows.Sigmoid(rows.Div(dimensions, temperature)), rows.Sigmoid(rows.Div(end, temperature)))
        );
    }

    /// <summary>Rotated dimensions are mixed by σ(masks / T).</summary>
    public static Value SoftlyMasked(KindRows rows) =>
        Mixed(rows, rows.Sigmoid(rows.Div(rows.Parameter("masks"), rows.Parameter(ParameterShapes.Temperature))));

    /// <summary>The subspace is interchanged among the principal components of the standardised values.</summary>
    public static Value PrincipalComponents(KindRows rows)
    {
        var components = rows.Parameter("pca_components");
        var source = rows.MatMulTransposed(Standardised(rows, rows.Source!), components);
        var mixed = rows.Mask is null
            ? source
            : rows.Choose(source, rows.MatMulTransposed(Standardised(rows, rows.Base), components));
        return rows.Ops.Add(
            rows.Ops.Mul(rows.MatMul(mixed, components), rows.Parameter("pca_std")),
            rows.Parameter("pca_mean")
        );
    }

    // Min and Max stretch their inputs from operator set 8 on.
    private static Value Bounded(KindRows rows, Value boundary) =>
        rows.Ops.OperatorSetVersion < 8
            ? rows.Ops.Emit(
                "Clip",
                [boundary],
                [NodeAttribute.Of("min", SmallestBoundary), NodeAttribute.Of("max", 1f)]
            )
            : rows.Ops.Emit("Min", [rows.Ops.Emit("Max", [boundary, rows.Number(SmallestBoundary)]), rows.Number(1)]);

    private static Value Standardised(KindRows rows, Value value) =>
        rows.Div(rows.Ops.Sub(value, rows.Parameter("pca_mean")), rows.Parameter("pca_std"));

    private static Value Mixed(KindRows rows, Value share)
    {
        var rotation = rows.Parameter(ParameterShapes.Rotation);
        return rows.MatMulTransposed(
            MaskArithmetic.Mix(rows, share, rows.MatMul(rows.Base, rotation), rows.MatMul(rows.Source!, rotation)),
            rotation
        );
    }

    private static Value Dimensions(KindRows rows)
    {
        var numbers = Enumerable.Range(0, rows.Sizes.Latents).Select(index => (float)index).ToArray();
        return rows.Ops.Graph.AddInitializer(
            rows.Ops.Names.Unique($"{NameScope.Prefix}dimensions"),
            TensorData.FromFloats([numbers.Length], numbers)
        );
    }
}
