using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>
/// Runs a model token after token: reads the prompts, then one new token a row, with the cache where there is one, else
/// the whole texts again. What the cache holds stays in ONNX Runtime, in the memory of the device that computes it. For
/// one generation; not safe for concurrent use.
/// </summary>
internal sealed class TextDecoder : IDisposable
{
    private readonly InterventionSession _session;
    private readonly PromptBatch _batch;
    private readonly ImmutableArray<ScheduledSite> _sites;
    private readonly ImmutableArray<CachePair> _cache;
    private readonly ImmutableArray<int> _reads;
    private readonly string[] _outputs;
    private CacheTensors? _tensors;
    private int _past;

    /// <param name="session">The session, which its owner keeps until this is disposed.</param>
    /// <param name="batch">The prompts.</param>
    /// <param name="sites">What the session's sites are fed.</param>
    /// <param name="cache">The cache; empty to read the whole texts in each run.</param>
    /// <param name="form">Where the cache lies.</param>
    /// <param name="most">The largest number of tokens of a text, prompt and padding included.</param>
    public TextDecoder(
        InterventionSession session,
        PromptBatch batch,
        ImmutableArray<ScheduledSite> sites,
        ImmutableArray<CachePair> cache,
        CacheForm form,
        int most
    )
    {
        (_session, _batch, _sites, _cache) = (session, batch, sites, cache);
        _reads = [.. Enumerable.Range(0, sites.Length).Where(index => sites[index].ReadsOnly)];
        _outputs =
        [
            session.FirstOutput,
            .. cache.Select(pair => pair.Present),
            .. _reads.Select(index => session.Spliced.Sites[index].Read!),
        ];
        if (!cache.IsEmpty)
            _tensors = new CacheTensors(session, cache, form, batch.Count, most);
    }

    /// <summary>What the sites that only read have read in the last run, in their order.</summary>
    public ImmutableArray<ReadUnits> Read { get; private set; } = [];

    /// <summary>Takes over what an earlier generation has read of the only prompt.</summary>
    /// <param name="read">What it has read; it may be disposed then.</param>
    /// <param name="count">How many tokens.</param>
    public void Continue(CacheTensors read, int count)
    {
        _tensors!.Take(read, count);
        _past = count;
    }

    /// <summary>Reads the prompts, or what is not read of them; the logits after them, a row each.</summary>
    public TensorValue ReadPrompt(CancellationToken cancellation) =>
        Run(
            _past > 0 ? _batch.Rest(_past) : _batch.Prompt(),
            [.. _sites.Select(site => site.OfPrompt())],
            _past > 0
                ? NumericArray.Of(new long[] { _batch.Longest - _past - 1 }, 1, 1)
                : _batch.LastOf([.. _batch.Prompts]),
            _batch.Longest,
            cancellation
        );

    /// <summary>What has been read, in the caller's hands from now on; this reads no more.</summary>
    public CacheTensors Release()
    {
        var read = _tensors!;
        _tensors = null;
        return read;
    }

    /// <summary>Reads the last new token of each row; the logits after it.</summary>
    /// <param name="texts">Each row's prompt and new tokens, the new ones equal in number.</param>
    /// <param name="isLive">Whether a row goes on; nothing is collected of others.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public TensorValue ReadNext(
        IReadOnlyList<IReadOnlyList<int>> texts,
        IReadOnlyList<bool> isLive,
        CancellationToken cancellation
    )
    {
        var generated = texts[0].Count - _batch.Prompts[0].Length;
        if (_cache.IsEmpty)
            return Run(
                _batch.Whole(texts),
                [.. _sites.Select(site => site.OfText(RunsOf(site, texts, isLive, generated)))],
                _batch.LastOf(texts),
                _batch.Longest + generated,
                cancellation
            );
        return Run(
            _batch.Next([.. texts.Select(text => text[^1])], generated),
            [.. _sites.Select(site => site.OfToken(generated, ActsOf(site, texts, isLive, generated)))],
            NumericArray.Of(new long[_batch.Count], _batch.Count, 1),
            _batch.Longest + generated,
            cancellation
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _tensors?.Dispose();

    private List<(Func<int, int>, IReadOnlyList<bool>)> RunsOf(
        ScheduledSite site,
        IReadOnlyList<IReadOnlyList<int>> texts,
        IReadOnlyList<bool> isLive,
        int generated
    ) =>
        [
            .. Enumerable
                .Range(1, generated)
                .Select(run =>
                    ((Func<int, int>)(row => _batch.Prompts[row].Length + run - 1), ActsOf(site, texts, isLive, run))
                ),
        ];

    private bool[] ActsOf(
        ScheduledSite site,
        IReadOnlyList<IReadOnlyList<int>> texts,
        IReadOnlyList<bool> isLive,
        int run
    ) =>
        [
            .. texts.Select(
                (text, row) =>
                    (isLive[row] || !site.ReadsOnly)
                    && site.Schedule.ActsAt(
                        _batch.Prompts[row].Length + run - 1,
                        text[_batch.Prompts[row].Length + run - 1]
                    )
            ),
        ];

    private TensorValue Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        NumericArray positions,
        int length,
        CancellationToken cancellation
    )
    {
        var results = _session.RunValues(
            inputs,
            feeds,
            _outputs,
            positions,
            ImmutableDictionary<string, NumericArray>.Empty,
            cancellation,
            _tensors?.Before(length)
        );
        _tensors?.After([.. results.Skip(1).Take(_cache.Length)]);
        Read =
        [
            .. TensorValue
                .Taken([.. results.Skip(1 + _cache.Length)])
                .Zip(_reads, (rows, index) => new ReadUnits(feeds[index].ReadLocations, rows)),
        ];
        return results[0];
    }
}
