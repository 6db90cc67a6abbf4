using Microsoft.Extensions.Logging;

namespace OnnxIntervene.Runtime;

/// <summary>
/// The open sessions of one model. A session is opened once for each recipe, outside the lock, so that one caller's new
/// structure stalls no other; it is lent out and counted, so that it is never closed during a run; those that were not
/// used for longest are closed when all together take more than the limit. Safe for concurrent use.
/// </summary>
internal sealed class SessionPool(
    Func<SessionRecipe, (InterventionSession Session, long ByteCount)> open,
    long byteLimit,
    ILogger logger
) : IDisposable
{
    private readonly Dictionary<SessionRecipe, Entry> _entries = [];
    private readonly object _lock = new();
    private long _clock;
    private long _byteCount;
    private int _leases;
    private bool _isDisposed;

    /// <summary>How many sessions are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>
    /// Lends a session, which is opened if need be. The caller disposes the lease when its run is over.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public SessionLease Lease(SessionRecipe recipe)
    {
        var entry = Claim(recipe);
        try
        {
            var session = entry.Session.Value;
            return new SessionLease(session, () => Return(entry));
        }
        catch
        {
            Forget(entry);
            throw;
        }
    }

    /// <summary>Waits for every run that is under way and closes all sessions; later leases are refused.</summary>
    public void Dispose()
    {
        List<Entry> closed;
        lock (_lock)
        {
            _isDisposed = true;
            while (_leases > 0)
                Monitor.Wait(_lock);
            closed = [.. _entries.Values];
            _entries.Clear();
        }

        foreach (var entry in closed)
            entry.Close();
    }

    private Entry Claim(SessionRecipe recipe)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(InterventionSession));
            if (!_entries.TryGetValue(recipe, out var entry))
                _entries.Add(recipe, entry = new Entry(recipe, () => Open(recipe)));
            entry.Leases++;
            entry.LastUse = ++_clock;
            _leases++;
            return entry;
        }
    }

    private InterventionSession Open(SessionRecipe recipe)
    {
        var start = TimeProvider.System.GetTimestamp();
        var (session, byteCount) = open(recipe);
        logger.LogDebug(
            "Opened a session with {SiteCount} sites in {Milliseconds} ms; it takes about {ByteCount} bytes.",
            recipe.Sites.Length,
            TimeProvider.System.GetElapsedTime(start).TotalMilliseconds,
            byteCount
        );
        lock (_lock)
        {
            _entries[recipe].ByteCount = byteCount;
            _byteCount += byteCount;
        }

        return session;
    }

    private void Return(Entry entry)
    {
        List<Entry> closed;
        lock (_lock)
        {
            Release(entry);
            closed = Surplus();
        }

        foreach (var old in closed)
            old.Close();
    }

    // A session that could not be opened is tried again by the next caller.
    private void Forget(Entry entry)
    {
        lock (_lock)
        {
            Release(entry);
            if (_entries.GetValueOrDefault(entry.Recipe) == entry)
                _entries.Remove(entry.Recipe);
        }
    }

    private void Release(Entry entry)
    {
        entry.Leases--;
        if (--_leases == 0)
            Monitor.PulseAll(_lock);
    }

    private List<Entry> Surplus()
    {
        var closed = new List<Entry>();
        if (_byteCount <= byteLimit)
            return closed;
        // The one that was used last stays, however large: the next run most likely needs it.
        foreach (
            var entry in _entries.Values.OrderBy(entry => entry.LastUse).SkipLast(1).Where(entry => entry.Leases == 0)
        )
        {
            if (_byteCount <= byteLimit)
                break;
            closed.Add(entry);
            _byteCount -= entry.ByteCount;
        }

        foreach (var entry in closed)
            _entries.Remove(entry.Recipe);
        if (closed.Count > 0)
            logger.LogDebug("Closing {Count} sessions to stay below {ByteLimit} bytes.", closed.Count, byteLimit);
        return closed;
    }

    private sealed class Entry(SessionRecipe recipe, Func<InterventionSession> open)
    {
        public SessionRecipe Recipe => recipe;

        public Lazy<InterventionSession> Session { get; } = new(open);

        public int Leases { get; set; }

        public long LastUse { get; set; }

        public long ByteCount { get; set; }

        public void Close()
        {
            if (Session.IsValueCreated)
                Session.Value.Dispose();
        }
    }
}
