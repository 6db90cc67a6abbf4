using System.Collections.Immutable;

namespace OnnxIntervene.Interventions;

/// <summary>What to intervene on and how, without the inputs (pyvene's <c>IntervenableConfig</c>).</summary>
public sealed record IntervenableConfig
{
    /// <summary>The interventions, applied in the order of a forward pass; at one component, in this order.</summary>
    public required ImmutableArray<RepresentationConfig> Representations { get; init; }

    /// <summary>Whether every source runs as it is, or each is changed by the one before it.</summary>
    public InterventionMode Mode { get; init; } = InterventionMode.Parallel;

    /// <summary>No intervention at all: a model as it is.</summary>
    public static IntervenableConfig Empty { get; } = new() { Representations = [] };

    /// <summary>Reads what pyvene's <c>config.json</c> holds.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">
    /// The text is not a configuration; the message names the place in it.
    /// </exception>
    public static IntervenableConfig FromJson(string json) => ConfigReader.Read(json);

    /// <summary>
    /// What pyvene's <c>config.json</c> holds of this configuration. Parameters and constant sources are left out: see
    /// <c>InterventionFolder</c>.
    /// </summary>
    public string ToJson() => ConfigWriter.Write(this, [.. Representations.Select(_ => 0)]);
}
