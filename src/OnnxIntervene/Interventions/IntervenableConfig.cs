using System.Collections.Immutable;

namespace OnnxIntervene.Interventions;

/// <summary>What to intervene on and how, without the inputs (pyvene's <c>IntervenableConfig</c>).</summary>
public sealed record IntervenableConfig
{
    /// <summary>The interventions, applied in the order of a forward pass; at one component, in this order.</summary>
    public required ImmutableArray<RepresentationConfig> Representations { get; init; }

    /// <summary>No intervention at all: a model as it is.</summary>
    public static IntervenableConfig Empty { get; } = new() { Representations = [] };

    /// <summary>Reads what pyvene's <c>config.json</c> holds.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The text is no configuration; the message names the place in it.</exception>
    /// <exception cref="NotSupportedException">The configuration uses what this version does not support.</exception>
    public static IntervenableConfig FromJson(string json) => ConfigReader.Read(json);
}
