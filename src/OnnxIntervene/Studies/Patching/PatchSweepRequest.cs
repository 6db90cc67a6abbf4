using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Patching;

/// <summary>
/// Activation patching (Meng et al. 2022; Zhang and Nanda 2024, arXiv:2309.16042): one component at a time of a run is
/// replaced by what it is in another run.
/// </summary>
public sealed record PatchSweepRequest
{
    /// <summary>The prompts, each with a corrupt one of the same length.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>The components to patch, a grid of results for each.</summary>
    public ImmutableArray<string> Components { get; init; } = ["block_output"];

    /// <summary>The layers; all when empty.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>
    /// What a cell patches; null for positions, or heads where a component is addressed by head.
    /// </summary>
    public PatchUnits? Units { get; init; }

    /// <summary>
    /// The positions that are patched; all when empty. Where columns are not positions, each cell patches all of these.
    /// </summary>
    public ImmutableArray<int> Positions { get; init; } = [];

    /// <summary>
    /// Named positions in place of numbers, such as <c>subject</c>: what prompts of several lengths have in common.
    /// </summary>
    public ImmutableArray<string> PositionNames { get; init; } = [];

    /// <summary>What is measured; the first is what pictures show.</summary>
    public ImmutableArray<Metric> Metrics { get; init; } = [Metric.LogitDifference];

    /// <summary>Which way values go.</summary>
    public PatchDirection Direction { get; init; }
}
