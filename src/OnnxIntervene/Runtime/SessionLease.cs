namespace OnnxIntervene.Runtime;

/// <summary>
/// A session that is lent for a run or several; the model cannot be closed until the lease is disposed.
/// </summary>
public sealed class SessionLease : IDisposable
{
    private Action? _return;

    internal SessionLease(InterventionSession session, Action giveBack)
    {
        Session = session;
        _return = giveBack;
    }

    /// <summary>The session. Not to be disposed, and not to be used after the lease was disposed.</summary>
    public InterventionSession Session { get; }

    /// <summary>Returns the session.</summary>
    public void Dispose() => Interlocked.Exchange(ref _return, null)?.Invoke();
}
