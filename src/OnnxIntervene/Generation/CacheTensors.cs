using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>The cache of the texts that are read, as ONNX Runtime holds it. Owns native memory.</summary>
internal sealed class CacheTensors : IDisposable
{
    // What reads a few tokens needs little memory of its own, and much of it again for the next token.
    private const int ManyTokens = 64;
    private readonly ImmutableArray<CachePair> _cache;
    private readonly CacheForm _form;
    private readonly KeptTensors _kept;
    private IReadOnlyList<TensorValue> _present = [];
    private int _length;

    /// <param name="session">The session that reads them.</param>
    /// <param name="cache">Its inputs and outputs.</param>
    /// <param name="form">Where the cache lies.</param>
    /// <param name="count">How many texts there are.</param>
    /// <param name="most">The largest number of tokens of a text, padding included.</param>
    /// <exception cref="InterventionException">There is not so much memory.</exception>
    public CacheTensors(
        InterventionSession session,
        ImmutableArray<CachePair> cache,
        CacheForm form,
        int count,
        int most
    )
    {
        (_cache, _form, _kept) = (cache, form, session.KeepTensors());
        if (form == CacheForm.Shared)
            _kept.Share([.. cache.Select(Place)]);
        else if (form == CacheForm.Rotating)
            _kept.Rotate([.. CacheLayers.Of(cache).Select(layer => layer.Select(Place).ToList())]);
        else
            _kept.Leave(cache.Select(pair => pair.Present));

        SharedPair Place(CachePair pair)
        {
            var (type, heads, width) = session.CacheSizes(pair.Past);
            return new SharedPair(pair.Past, pair.Present, type, [count, heads!.Value, most, width!.Value]);
        }
    }

    /// <summary>What a run is fed, and where its outputs go.</summary>
    /// <param name="length">How many tokens of each text are read after the run, padding included.</param>
    public KeptTensors Before(int length)
    {
        _kept.MakeRoom(length);
        _kept.GivesBack = length - _length >= ManyTokens;
        _length = length;
        return _kept;
    }

    /// <summary>Takes what the run has computed; what the run before it left is not needed any more.</summary>
    /// <param name="present">The outputs, in the order of the cache; owned from now on.</param>
    public void After(ImmutableArray<TensorValue> present)
    {
        DisposePresent();
        _present = present;
        _kept.Turn();
        if (_form != CacheForm.Returned)
            return;
        for (var index = 0; index < _cache.Length; index++)
            _kept.Feed(_cache[index].Past, present[index]);
    }

    /// <summary>Copies the first tokens that another one holds of the only text.</summary>
    /// <param name="other">Where they are copied from.</param>
    /// <param name="count">How many.</param>
    public void Take(CacheTensors other, int count)
    {
        _kept.Take(_cache.Select(pair => pair.Past), other._kept, count);
        _length = count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposePresent();
        _kept.Dispose();
    }

    private void DisposePresent()
    {
        foreach (var value in _present)
            value.Dispose();
    }
}
