using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Output;

/// <summary>
/// Shows how far a sweep has come, on one line of the error stream that is cleared at the end; silent where there is no
/// terminal.
/// </summary>
internal sealed class ProgressLine(TerminalWriter error, string what) : IProgress<SweepProgress>, IDisposable
{
    public void Report(SweepProgress value)
    {
        if (error.IsWatched)
            error.Write($"\r{what}: {value.Done} of {value.Total} ");
    }

    public void Dispose()
    {
        error.WipeLine();
    }
}
