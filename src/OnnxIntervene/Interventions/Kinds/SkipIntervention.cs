namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The module's input in the source's run, in place of its output: with the base as its own source, the module is
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
    /// <summary>The module's input in the source's run, in place of its output: the module is skipped.</summary>
    public static InterventionType Skip => SkipIntervention.Kind;
}
