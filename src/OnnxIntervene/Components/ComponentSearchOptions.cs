using OnnxIntervene.Components.Configuration;

namespace OnnxIntervene.Components;

/// <summary>What is known about a model's components besides its graph.</summary>
public sealed record ComponentSearchOptions
{
    /// <summary>The user's own map, which has the last word.</summary>
    public ComponentOverrides Overrides { get; init; } = ComponentOverrides.None;

    /// <summary>
    /// What the configuration beside the model says. It only confirms: a component that it contradicts is not used.
    /// </summary>
    public ModelConfiguration Configuration { get; init; } = ModelConfiguration.None;

    /// <summary>
    /// What an earlier check found. A component that it contradicts is not used, unless the user's map names it.
    /// </summary>
    public CheckRecord Record { get; init; } = CheckRecord.None;
}
