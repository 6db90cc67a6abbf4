using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Ablation;

/// <summary>Ablation: what a component computed is replaced by something that says nothing about the prompt.</summary>
public sealed record AblationRequest
{
    /// <summary>The prompts; corrupt ones are not needed.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>The components to ablate, a grid of results for each.</summary>
    public ImmutableArray<string> Components { get; init; } = ["head_attention_value_output"];

    /// <summary>The layers; all when empty.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>
    /// What a cell ablates; null for heads, or the whole component of a layer where it has none.
    /// </summary>
    public PatchUnits? Units { get; init; }

    /// <summary>The positions that are ablated; all when empty.</summary>
    public ImmutableArray<int> Positions { get; init; } = [];

    /// <summary>Named positions in place of numbers.</summary>
    public ImmutableArray<string> PositionNames { get; init; } = [];

    /// <summary>What takes the component's place.</summary>
    public AblationKind Kind { get; init; } = AblationKind.Mean;

    /// <summary>Chooses each prompt's other one, where values come from other prompts.</summary>
    public int Seed { get; init; }

    /// <summary>What is measured; the first is what pictures show.</summary>
    public ImmutableArray<Metric> Metrics { get; init; } = [Metric.LogitDifference];
}

/// <summary>What takes an ablated component's place.</summary>
public enum AblationKind
{
    /// <summary>Zeros.</summary>
    Zero,

    /// <summary>The mean over every position of every prompt, a head's own where it has heads.</summary>
    Mean,

    /// <summary>The mean over prompts at the same position (Wang et al. 2022, arXiv:2211.00593).</summary>
    PositionMean,

    /// <summary>The values of another prompt of the same length (Chan et al. 2022, causal scrubbing).</summary>
    Resample,
}
