namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The values there are read and left unchanged.</summary>
public sealed record CollectIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new("Collect", rows => rows.Base)
        {
            Source = KindSource.None,
            ReadsOnly = true,
            Create = _ => new CollectIntervention(),
        };
}

public sealed partial class InterventionType
{
    /// <summary>x is read and left unchanged.</summary>
    public static InterventionType Collect => CollectIntervention.Kind;
}
