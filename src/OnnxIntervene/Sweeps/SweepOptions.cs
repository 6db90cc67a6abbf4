using System.Collections.Immutable;

namespace OnnxIntervene.Sweeps;

/// <summary>How the runs of a sweep are made.</summary>
public sealed record SweepOptions
{
    /// <summary>
    /// Whether each cell has a run of the whole model of its own: the slow way, by which the fast one is checked.
    /// </summary>
    public bool IsNaive { get; init; }

    /// <summary>Bytes that the rows of one run may take, besides the model and its logits.</summary>
    public long MemoryLimit { get; init; } = 1L << 30;

    /// <summary>
    /// A file in which every cell is kept as it is measured, and from which a sweep that was ended goes on; null for
    /// none.
    /// </summary>
    public string? Journal { get; init; }

    /// <summary>The command that runs the sweep, which the journal names; empty where there is none.</summary>
    public ImmutableArray<string> Command
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>The part of the sweep that is run here.</summary>
    public SweepShard Shard { get; init; } = SweepShard.Whole;
}
