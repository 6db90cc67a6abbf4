using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>How a search is run, and what it leaves on the disk.</summary>
public sealed record AlignmentOptions
{
    /// <summary>The journal, the shard and the command.</summary>
    public SweepOptions Sweep { get; init; } = new();

    /// <summary>The folder for the best cell's intervention, in pyvene's layout; null for none.</summary>
    public string? Folder { get; init; }
}
