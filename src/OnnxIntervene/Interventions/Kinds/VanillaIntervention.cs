namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Interchange: the source in place of the values there.</summary>
public sealed record VanillaIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new("Vanilla", rows => rows.Choose(rows.Source!, rows.Base))
        {
            IsInterchange = true,
            Create = _ => new VanillaIntervention(),
        };
}

public sealed partial class InterventionType
{
    /// <summary>Interchange: s in place of x, in S.</summary>
    public static InterventionType Vanilla => VanillaIntervention.Kind;
}
