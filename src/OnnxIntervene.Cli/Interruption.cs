using System.Runtime.InteropServices;
using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli;

/// <summary>
/// Ctrl-C, or a request to end: the first cancels what runs, which then ends in its own way; a second one ends the
/// process at once, and so does time, where what runs does not ask whether it is cancelled. What is not whole by then
/// is deleted.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly Action _report;
    private readonly Timer _end;
    private readonly TimeSpan _patience;
    private readonly PosixSignalRegistration[] _signals;

    /// <param name="patience">How long what runs may take to end; infinite for as long as it likes.</param>
    /// <param name="signals">What interrupts.</param>
    /// <param name="report">Says that the command is cancelled, where it could not say so itself.</param>
    public Interruption(TimeSpan patience, IReadOnlyList<PosixSignal> signals, Action report)
    {
        _patience = patience;
        _report = report;
        _end = new Timer(_ => End());
        _signals = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, Cancel))];
    }

    /// <summary>Cancelled by the first.</summary>
    public CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _end.Dispose();
        _source.Dispose();
    }

    private void Cancel(PosixSignalContext signal)
    {
        signal.Cancel = true;
        var isSecond = _source.IsCancellationRequested;
        _end.Change(isSecond ? TimeSpan.Zero : _patience, Timeout.InfiniteTimeSpan);
        _source.Cancel();
    }

    private void End()
    {
        _report();
        Environment.Exit(ExitCodes.Cancelled);
    }
}
