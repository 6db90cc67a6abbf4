namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The source, times the coefficient, is added, and the sum rescaled to the length that x had: steering that turns and
/// does not stretch (<c>normalize</c> of repeng's <c>set_control</c>; Zou et al. 2023). In a subspace, the part of x in
/// it keeps its length.
/// </summary>
public sealed record NormPreservingAdditionIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new(
            "NormPreservingAddition",
            rows => rows.Choose(KeptNorm.Of(rows, rows.Ops.Add(rows.Base, rows.ScaledSource())), rows.Base)
        )
        {
            HasCoefficient = true,
            IsPyvenes = false,
            Create = _ => new NormPreservingAdditionIntervention(),
        };
}

public sealed partial class InterventionType
{
    /// <summary>(x + c · s) |x| / |x + c · s|, in S.</summary>
    public static InterventionType NormPreservingAddition => NormPreservingAdditionIntervention.Kind;
}
