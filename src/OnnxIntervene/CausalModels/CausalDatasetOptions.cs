using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>How the examples of a data set are drawn.</summary>
public sealed record CausalDatasetOptions
{
    /// <summary>What everything is drawn from.</summary>
    public uint Seed { get; init; }

    /// <summary>Draws inputs; null for inputs drawn on their own.</summary>
    public InputSampler? Sampler { get; init; }

    /// <summary>The intermediate variables that may be interchanged; empty for all.</summary>
    public ImmutableArray<string> Variables { get; init; } = [];

    /// <summary>
    /// Draws what is set to what; null for <see cref="CausalSampler.SampleIntervention"/> of <see cref="Variables"/>.
    /// </summary>
    public Func<CausalSampler, CausalSetting>? InterventionSampler { get; init; }

    /// <summary>
    /// What an input must fulfil, or for counterfactual examples an intervention; null for nothing. It sees what the
    /// sampler gave.
    /// </summary>
    public Func<CausalSetting, bool>? Filter { get; init; }

    /// <summary>
    /// Numbers an intervention; null for the variables as bits, less one: the first intermediate variable alone is 0,
    /// the second 1, both 2.
    /// </summary>
    public Func<CausalSetting, int>? InterventionId { get; init; }

    /// <summary>How many examples one after the other share an intervention, so that they can be one batch.</summary>
    public int BatchSize { get; init; } = 1;
}
