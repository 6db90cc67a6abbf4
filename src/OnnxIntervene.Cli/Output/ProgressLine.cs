using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Output;

/// <summary>
/// Shows how far a sweep has come, on one line of the error stream that is cleared at the end; silent where there is no
/// terminal.
/// </summary>
internal sealed class ProgressLine(TextWriter error, string what) : IProgress<SweepProgress>, IDisposable
{
    private readonly bool _isWatched = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;

    public void Report(SweepProgress value)
    {
        if (_isWatched)
            error.Write($"\r{what}: {value.Done} of {value.Total} ");
    }

    public void Dispose()
    {
        if (_isWatched)
            error.Write("\r\u001b[K");
    }
}
