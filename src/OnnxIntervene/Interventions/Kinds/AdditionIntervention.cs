namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The source, times the coefficient, is added.</summary>
public sealed record AdditionIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new("Addition", rows => rows.Choose(rows.Ops.Add(rows.Base, rows.ScaledSource()), rows.Base))
        {
            HasCoefficient = true,
            Affine = inputs => AffineForm.Adding(inputs, index => inputs.Source![index]),
            Create = _ => new AdditionIntervention(),
        };
}

public sealed partial class InterventionType
{
    /// <summary>x + c · s, in S.</summary>
    public static InterventionType Addition => AdditionIntervention.Kind;
}
