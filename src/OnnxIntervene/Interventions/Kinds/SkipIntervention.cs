namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// What the module reads in the source's run, in place of what it gives: with the base as its own source, the module is
/// skipped.
/// </summary>
public sealed record SkipIntervention() : Intervention(Kind, default)
{
    internal static InterventionType Kind { get; } =
        new("Skip", rows => rows.Choose(rows.Source!, rows.Base))
        {
            IsSourceModuleInput = true,
            Create = _ => new SkipIntervention(),
        };
}

public sealed partial class InterventionType
{
    /// <summary>What the module reads in the source's run, in place of what it gives: the module is skipped.</summary>
    public static InterventionType Skip => SkipIntervention.Kind;
}
