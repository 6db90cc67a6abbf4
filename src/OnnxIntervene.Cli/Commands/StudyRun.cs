using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Runs a study that has been read from the command line, or tells what it would take.</summary>
internal sealed class StudyRun(SweepRunOptions runs, ReportOptions output)
{
    /// <summary>What progress calls the work.</summary>
    public required string Verb { get; init; }

    /// <summary>Makes the plan.</summary>
    public required Func<SweepOptions, SweepPlan> Plan { get; init; }

    /// <summary>Runs the study.</summary>
    public required Func<SweepOptions, IProgress<SweepProgress>, GridResult> Run { get; init; }

    /// <summary>Shows what was measured.</summary>
    public required Func<GridResult, Report> Report { get; init; }

    /// <summary>Does what the command line asks for.</summary>
    public Task<int> Execute(ParseResult arguments, CancellationToken cancellation)
    {
        var options = runs.Read(arguments);
        if (runs.Explains(arguments))
        {
            SweepRunOptions.Write(Terminal.Of(arguments), Plan(options), output.IsJson(arguments));
            return Task.FromResult(ExitCodes.Done);
        }

        using var progress = new ProgressLine(Terminal.Of(arguments).Error, Verb);
        var result = Run(options, progress);
        progress.Dispose();
        output.Publish(arguments, Report(result), cancellation);
        return Task.FromResult(ExitCodes.Done);
    }
}
