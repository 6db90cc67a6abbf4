using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Zeros in place of the values there.</summary>
public sealed record ZeroIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new("Zero", rows => rows.Choose(Zeros(rows), rows.Base))
        {
            Source = KindSource.None,
            Affine = inputs => AffineForm.Replacing(inputs, new float[inputs.Width]),
            Create = _ => new ZeroIntervention(),
        };

    private static Value Zeros(KindRows rows) =>
        rows.Ops.ConstantOfShape(rows.Ops.ShapeOf(rows.Base), TensorData.FromFloats([1], [0f]));
}

public sealed partial class InterventionType
{
    /// <summary>Zeros in place of x, in S.</summary>
    public static InterventionType Zero => ZeroIntervention.Kind;
}
