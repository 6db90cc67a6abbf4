namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The source, times the coefficient, is subtracted.</summary>
public sealed record SubtractionIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new("Subtraction", rows => rows.Choose(rows.Ops.Sub(rows.Base, rows.ScaledSource()), rows.Base))
        {
            HasCoefficient = true,
            Affine = inputs => AffineForm.Adding(inputs, index => -inputs.Source![index]),
            Create = _ => new SubtractionIntervention(),
        };
}

public sealed partial class InterventionType
{
    /// <summary>x − c · s, in S.</summary>
    public static InterventionType Subtraction => SubtractionIntervention.Kind;
}
