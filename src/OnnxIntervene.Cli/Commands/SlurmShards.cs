using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Cli.Slurm;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The shards of a study in a folder: what their journals hold, and what their logs say.</summary>
internal sealed class SlurmShards
{
    private readonly string _folder;
    private readonly ImmutableArray<JournalProgress> _journals;

    /// <param name="folder">The folder.</param>
    /// <param name="name">The study's name.</param>
    /// <param name="count">How many shards there are.</param>
    public SlurmShards(string folder, string name, int count)
    {
        _folder = folder;
        _journals =
        [
            .. Enumerable
                .Range(0, count)
                .Select(shard => JournalProgress.Read(ShardFiles.PathOf(folder, name, new SweepShard(shard, count)))),
        ];
    }

    /// <summary>How many cells are kept.</summary>
    public int Kept => _journals.Sum(journal => journal.Kept);

    /// <summary>How many cells the study has; 0 before a journal is begun.</summary>
    public int Cells => _journals.Max(journal => journal.StudyCells);

    /// <summary>The shards that are not complete.</summary>
    public ImmutableArray<int> Missing =>
        [.. Enumerable.Range(0, _journals.Length).Where(shard => !_journals[shard].IsComplete)];

    /// <summary>Whether an incomplete shard ended since the study itself cannot be run.</summary>
    public bool AreRefused => Missing.Any(shard => SlurmLog.OfShard(_folder, shard)?.ExitCode == ExitCodes.Request);

    /// <summary>Says what is missing, and why.</summary>
    public string Faults =>
        string.Join(
            "; ",
            Missing.Select(shard =>
            {
                var journal = _journals[shard];
                var kept = journal.IsBegun ? $"{journal.Kept} of {journal.Total} cells" : "not begun";
                return $"shard {shard}: {kept}, {SlurmLog.OfShard(_folder, shard)?.Why ?? "no log"}";
            })
        );

    /// <summary>Reads what has been added to the journals.</summary>
    public void Update()
    {
        foreach (var journal in _journals)
        {
            if (!journal.IsComplete)
                journal.Update();
        }
    }
}
