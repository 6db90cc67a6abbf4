using System.Collections.Immutable;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>What was measured on one prompt.</summary>
public sealed record PromptResult
{
    /// <summary>
    /// The metrics of the runs that cells start from, <c>[run][metric]</c>; the first run is the clean one.
    /// </summary>
    public required ImmutableArray<ImmutableArray<float>> Baselines { get; init; }

    /// <summary>What each of these runs itself answers.</summary>
    public required ImmutableArray<TopAnswer> Tops { get; init; }

    /// <summary>
    /// The metrics of the cells, cell by cell, <c>[cell × metric]</c>; NaN for cells that belong to another shard.
    /// </summary>
    public required ReadOnlyMemory<float> Values { get; init; }

    /// <summary>A metric of the clean run.</summary>
    public float Clean(int metric) => Baselines[0][metric];

    /// <summary>A metric of the corrupt runs, their mean.</summary>
    public float Corrupt(int metric) => Baselines.Skip(1).Average(run => run[metric]);
}
