using System.Runtime.InteropServices;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Ctrl-C in a conversation: during an answer the first ends the answer, a second the conversation; where nothing is
/// answered the first ends the conversation; one more ends the process.
/// </summary>
internal sealed class AnswerInterruption : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _left;
    private readonly PosixSignalRegistration _signal;
    private CancellationTokenSource? _answer;

    /// <param name="cancellation">Ends the conversation too.</param>
    public AnswerInterruption(CancellationToken cancellation)
    {
        _left = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _signal = PosixSignalRegistration.Create(
            PosixSignal.SIGINT,
            signal =>
            {
                signal.Cancel = !_left.IsCancellationRequested;
                Press();
            }
        );
    }

    /// <summary>Cancelled where the conversation is to end.</summary>
    public CancellationToken Left => _left.Token;

    /// <summary>Begins an answer; the token ends it.</summary>
    public CancellationToken BeginAnswer()
    {
        lock (_lock)
        {
            _answer?.Dispose();
            _answer = CancellationTokenSource.CreateLinkedTokenSource(Left);
            return _answer.Token;
        }
    }

    /// <summary>Says that nothing is answered any more.</summary>
    public void EndAnswer()
    {
        lock (_lock)
        {
            _answer?.Dispose();
            _answer = null;
        }
    }

    /// <summary>What Ctrl-C does.</summary>
    public void Press()
    {
        lock (_lock)
        {
            if (_answer is { IsCancellationRequested: false } answer)
                answer.Cancel();
            else
                _left.Cancel();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signal.Dispose();
        EndAnswer();
        _left.Dispose();
    }
}
