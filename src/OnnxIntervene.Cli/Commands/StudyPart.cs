using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>A study that another one is compared with: run before it, in journals of its own.</summary>
internal sealed record StudyPart
{
    /// <summary>What its journals are called, after the study's own name.</summary>
    public required string Suffix { get; init; }

    /// <summary>What progress calls the work.</summary>
    public required string Verb { get; init; }

    /// <summary>Runs it.</summary>
    public required Func<SweepOptions, IProgress<SweepProgress>, GridResult> Run { get; init; }

    /// <summary>Counts the cells that journals hold.</summary>
    public required Func<IReadOnlyList<string>, SweepProgress> Progress { get; init; }

    /// <summary>Reads the result off journals.</summary>
    public required Func<IReadOnlyList<string>, GridResult> Merge { get; init; }
}
