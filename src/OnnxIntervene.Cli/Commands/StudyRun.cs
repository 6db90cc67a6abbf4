using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Grids;
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

    /// <summary>Shows what was measured, and what the study was compared with.</summary>
    public required Func<TResult, GridResult?, Report> Report { get; init; }

    /// <summary>
    /// What the study is compared with; null for nothing. It is run first, so that the study's own journal is complete
    /// only where both are.
    /// </summary>
    public StudyPart? Compared { get; init; }

    /// <summary>Does what the command line asks for.</summary>
    public Task<int> Execute(ParseResult arguments, CancellationToken cancellation)
    {
        var options = runs.Read(arguments);
        if (runs.Merged(arguments) is { Count: > 0 } folders)
            Publish(arguments, Merged(folders), cancellation);
        else if (runs.IsDryRun(arguments))
            Count(arguments);
        else if (runs.Explains(arguments))
            SweepRunOptions.Write(Terminal.Of(arguments), Plan!(options), output.IsJson(arguments));
        else
            Complete(arguments, options, cancellation);
        return Task.FromResult(ExitCodes.Done);
    }

    private Report Merged(IReadOnlyList<string> folders) =>
        Report(
            Merge(ShardFiles.Find(folders, output.Name)),
            Compared?.Merge(ShardFiles.Find(folders, NameOf(Compared)))
        );

    private void Publish(ParseResult arguments, Report report, CancellationToken cancellation)
    {
        output.Publish(arguments, report, cancellation);
        if (!output.IsJson(arguments))
            StudyText.Write(Terminal.Of(arguments), report);
    }

    private string NameOf(StudyPart part) => $"{output.Name}-{part.Suffix}";

    private void Count(ParseResult arguments)
    {
        var folder = output.Folder(arguments);
        var journals = ShardFiles.In(folder, output.Name);
        var progress = Progress(journals);
        if (Compared is { } part)
        {
            var others = ShardFiles.In(folder, NameOf(part));
            var other = part.Progress(others);
            progress = new SweepProgress(progress.Done + other.Done, progress.Total + other.Total);
            journals = [.. journals, .. others];
        }

        SweepRunOptions.Write(Terminal.Of(arguments), progress, journals, output.IsJson(arguments));
    }

    private void Complete(ParseResult arguments, SweepOptions options, CancellationToken cancellation)
    {
        var journals = new StudyJournals(arguments, output);
        var compared = Compared is { } part ? Measured(NameOf(part), part.Verb, part.Run) : null;
        var result = Measured(output.Name, Verb, Run);
        if (options.Shard.Count > 1)
        {
            Terminal
                .Of(arguments)
                .Error.WriteLine(
                    $"Wrote {string.Join(", ", journals.Paths)}. When all {options.Shard.Count} shards are done: "
                        + $"onnx-intervene merge {output.Folder(arguments)}"
                );
            return;
        }

        Publish(arguments, Report(result, compared), cancellation);
        journals.Delete();

        T Measured<T>(string name, string verb, Func<SweepOptions, IProgress<SweepProgress>, T> run) =>
            journals.Run(name, options.Shard, verb, (path, progress) => run(options with { Journal = path }, progress));
    }
}
