using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Runs a study that has been read from the command line, or a part of it; tells what it would take; or makes the
/// report of parts that were run.
/// </summary>
internal sealed class StudyRun<TResult>(SweepRunOptions runs, ReportOptions output)
{
    /// <summary>What progress calls the work.</summary>
    public required string Verb { get; init; }

    /// <summary>Makes the plan; null where none is offered.</summary>
    public Func<SweepOptions, SweepPlan>? Plan { get; init; }

    /// <summary>Runs the study.</summary>
    public required Func<SweepOptions, IProgress<SweepProgress>, TResult> Run { get; init; }

    /// <summary>Counts the cells that journals hold.</summary>
    public required Func<IReadOnlyList<string>, SweepProgress> Progress { get; init; }

    /// <summary>Reads the result off journals.</summary>
    public required Func<IReadOnlyList<string>, TResult> Merge { get; init; }

    /// <summary>Shows what was measured.</summary>
    public required Func<TResult, Report> Report { get; init; }

    /// <summary>Does what the command line asks for.</summary>
    public Task<int> Execute(ParseResult arguments, CancellationToken cancellation)
    {
        var options = runs.Read(arguments);
        if (runs.Merged(arguments) is { Count: > 0 } folders)
            output.Publish(arguments, Report(Merge(ShardFiles.Find(folders, output.Name))), cancellation);
        else if (runs.IsDryRun(arguments))
            Count(arguments);
        else if (runs.Explains(arguments))
            SweepRunOptions.Write(Terminal.Of(arguments), Plan!(options), output.IsJson(arguments));
        else
            Complete(arguments, options, cancellation);
        return Task.FromResult(ExitCodes.Done);
    }

    private void Count(ParseResult arguments)
    {
        var journals = ShardFiles.In(output.Folder(arguments), output.Name);
        SweepRunOptions.Write(Terminal.Of(arguments), Progress(journals), journals, output.IsJson(arguments));
    }

    private void Complete(ParseResult arguments, SweepOptions options, CancellationToken cancellation)
    {
        var error = Terminal.Of(arguments).Error;
        var journal = ShardFiles.PathOf(output.Folder(arguments), output.Name, options.Shard);
        var result = Measured(error, options with { Journal = journal });
        if (options.Shard.Count > 1)
        {
            error.WriteLine(
                $"Wrote {journal}. When all {options.Shard.Count} shards are done: onnx-intervene merge "
                    + output.Folder(arguments)
            );
            return;
        }

        // The report holds all that the journal does.
        output.Publish(arguments, Report(result), cancellation);
        File.Delete(journal);
    }

    private TResult Measured(TerminalWriter error, SweepOptions options)
    {
        using var progress = new ProgressLine(error, Verb);
        try
        {
            return Run(options, progress);
        }
        catch (OperationCanceledException fault) when (File.Exists(options.Journal))
        {
            throw StudyCancelledException.Of(options.Journal, fault);
        }
    }
}
