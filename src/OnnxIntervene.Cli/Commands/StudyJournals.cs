using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Runs the parts of a study, each of which is kept in a journal of its own beside the report until that is written.
/// </summary>
/// <param name="arguments">The command line.</param>
/// <param name="output">Where the report is written.</param>
internal sealed class StudyJournals(ParseResult arguments, ReportOptions output)
{
    private readonly List<string> _paths = [];

    /// <summary>The journals of the parts that were run.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>Runs the study, or a part of it that is kept apart.</summary>
    /// <param name="suffix">What the part's journal is called, after the study's own name; null for the study.</param>
    /// <param name="verb">What progress calls the work.</param>
    /// <param name="run">Runs it.</param>
    public T Run<T>(string? suffix, string verb, Func<StudyJournal, IProgress<SweepProgress>, T> run) =>
        Run(
            NameOf(suffix),
            SweepShard.Whole,
            verb,
            (path, progress) =>
                run(new StudyJournal(path) { Command = [.. arguments.Tokens.Select(token => token.Value)] }, progress)
        );

    /// <summary>Runs a shard.</summary>
    /// <param name="name">What its journal is called.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="verb">What progress calls the work.</param>
    /// <param name="run">Runs it with the journal's path.</param>
    /// <exception cref="StudyCancelledException">The user ended it, and what was done is kept.</exception>
    public T Run<T>(string name, SweepShard shard, string verb, Func<string, IProgress<SweepProgress>, T> run)
    {
        var path = ShardFiles.PathOf(output.Folder(arguments), name, shard);
        _paths.Add(path);
        using var progress = new ProgressLine(Terminal.Of(arguments).Error, verb);
        try
        {
            return run(path, progress);
        }
        catch (OperationCanceledException fault) when (File.Exists(path))
        {
            throw StudyCancelledException.Of(path, fault);
        }
    }

    /// <summary>What a part's journal is called.</summary>
    public string NameOf(string? suffix) => suffix is null ? output.Name : $"{output.Name}-{suffix}";

    /// <summary>
    /// Deletes the journals after the report, which holds all that they do: the last first, since it may rest on those
    /// before it.
    /// </summary>
    public void Delete()
    {
        foreach (var path in Enumerable.Reverse(_paths))
            File.Delete(path);
    }
}
