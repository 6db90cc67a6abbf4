using OnnxIntervene.Generation;

namespace OnnxIntervene.Chat;

/// <summary>
/// Keeps what was read of the last conversation. Of several answers at once one has it; the others begin with nothing.
/// Safe for concurrent use.
/// </summary>
internal sealed class CacheSlot : IDisposable
{
    private readonly Lock _lock = new();
    private TextCache? _cache = new();
    private bool _isDisposed;

    /// <summary>Takes the cache for one answer.</summary>
    public Turn Take()
    {
        lock (_lock)
        {
            var cache = _cache ?? new TextCache();
            _cache = null;
            return new Turn(this, cache);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _cache?.Dispose();
            _cache = null;
        }
    }

    // The answer that ended last is the one that goes on.
    private void Return(TextCache cache)
    {
        lock (_lock)
        {
            (_isDisposed ? cache : _cache)?.Dispose();
            _cache = _isDisposed ? null : cache;
        }
    }

    /// <summary>An answer's use of the cache.</summary>
    public sealed class Turn(CacheSlot slot, TextCache cache) : IDisposable
    {
        /// <summary>The cache.</summary>
        public TextCache Cache => cache;

        /// <summary>Gives it back.</summary>
        public void Dispose() => slot.Return(cache);
    }
}
