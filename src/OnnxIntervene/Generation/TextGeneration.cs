using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>
/// One generation: planned and checked when it is made, then carried out token by token. Enumerate it once; not safe
/// for concurrent use.
/// </summary>
public sealed class TextGeneration
{
    private readonly GenerationRequest _request;
    private readonly PromptBatch _batch;
    private readonly GenerationFeeds _feeds;
    private readonly ImmutableArray<CachePair> _cache;
    private readonly StopCondition _stop;
    private readonly ImmutableArray<GenerationRow> _rows;
    private CollectedTexts? _collected;

    /// <exception cref="InterventionException">
    /// Something does not fit the model; nothing has run but a trial of whether it is causal.
    /// </exception>
    internal TextGeneration(GenerationRequest request)
    {
        request.Check();
        _request = request;
        var graph = request.Model.Model.Graph;
        _cache = request.Options.UsesCache ? CachePair.Of(graph) : [];
        _batch = Batch(padsLeft: !_cache.IsEmpty && request.Model.Components.CountedMasks.IsEmpty);
        if (CannotPad())
            (_cache, _batch) = ([], Batch(padsLeft: false));
        FixedSizes.Of(graph).Check(_batch.Count, _batch.Longest, LaterLength);
        _feeds = new GenerationFeeds(request, _batch, !_cache.IsEmpty);
        CausalTrial.Require(request.Model.Loaded, RecipeOf(_feeds), request.Prompts, LongestText - 1);
        _stop = new StopCondition(request.Options, request.Model.Loaded);
        _rows =
        [
            .. request.Prompts.Select(
                (prompt, row) => new GenerationRow(prompt, request.Options, request.Streams?[row] ?? row)
            ),
        ];
    }

    /// <summary>How many texts there are.</summary>
    public int Count => _rows.Length;

    private GenerationOptions Options => _request.Options;

    /// <summary>The new tokens as they are computed, run by run; texts of the batch in turn.</summary>
    /// <param name="cancellation">Ends the generation early; <see cref="Texts"/> still gives what there is.</param>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run, or logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The generation was cancelled.</exception>
    public IEnumerable<GeneratedToken> Tokens(CancellationToken cancellation) => TokensAfter(null, cancellation);

    /// <summary>The same; what the cache holds of the only prompt is not computed again.</summary>
    internal IEnumerable<GeneratedToken> TokensAfter(TextCache? cache, CancellationToken cancellation)
    {
        var sites = _feeds.Schedule(cancellation);
        using var lease = _request.Model.Loaded.Lease(RecipeOf(_feeds));
        var form = FormOf(lease.Session, cancellation);
        using var decoder = new TextDecoder(lease.Session, _batch, sites, _cache, form, LongestText);
        if (cache is not null && IsKept)
            Continue(
                decoder,
                cache,
                () => new CacheTrial(lease.Session, _batch, sites, _cache, form).Run(cancellation)
            );
        var reads = sites.Where(site => site.ReadsOnly).Select(site => site.LocationWidth).ToImmutableArray();
        _collected = new CollectedTexts(_batch, reads);
        for (var run = 0; _rows.Any(row => row.Finish is null); run++)
        {
            using var logits =
                run == 0
                    ? decoder.ReadPrompt(cancellation)
                    : decoder.ReadNext(
                        [.. _rows.Select(row => row.Text)],
                        [.. _rows.Select(row => row.Finish is null)],
                        cancellation
                    );
            _collected.Add(run, decoder.Read, [.. _rows.Select(row => row.Text)]);
            var chosen = Chosen(logits, run);
            if (cache is not null && IsKept && _rows[0].Finish is not null)
                Keep(decoder, cache);
            foreach (var token in chosen)
                yield return token;
        }
    }

    /// <summary>Generates to the end; the texts in the order of the prompts.</summary>
    /// <inheritdoc cref="Tokens"/>
    public ImmutableArray<GeneratedText> Run(CancellationToken cancellation = default)
    {
        foreach (var _ in Tokens(cancellation)) { }
        return Texts();
    }

    /// <summary>What has been generated until now, in the order of the prompts.</summary>
    public ImmutableArray<GeneratedText> Texts() =>
        [
            .. _rows.Select(
                (row, index) =>
                    new GeneratedText(
                        row.Prompt,
                        [.. row.Generated],
                        _stop.TextOf(row.Generated),
                        row.Finish ?? FinishReason.Length
                    )
                    {
                        Scores = [.. row.Scores],
                        Collected = _collected?.Of(index) ?? [],
                    }
            ),
        ];

    // Of every run after the first; null where one token is all.
    private int? LaterLength =>
        Options.MaximumNewTokens == 1 ? null
        : _cache.IsEmpty ? _batch.Longest + 1
        : 1;

    // With the padding of the batch; the shortest prompt may get the most new tokens.
    private int LongestText
    {
        get
        {
            var room = (_request.Context ?? int.MaxValue) - _request.Prompts.Min(prompt => prompt.Length);
            return (int)Math.Min(int.MaxValue, _batch.Longest + (long)Math.Min(Options.MaximumNewTokens, room));
        }
    }

    // What was computed of a text is right for a longer one where interventions act at every token alike.
    private bool IsKept =>
        _rows.Length == 1
        && !_cache.IsEmpty
        && !_request.Model.Loaded.Options.HasDevice
        && _request.Sources is null
        && _request.Locations is null
        && _request.Model.Interventions.All(intervention => !intervention.Type.ReadsOnly)
        && Enumerable
            .Range(0, _request.Count)
            .Select(_request.ScheduleOf)
            .All(schedule =>
                schedule is { TakesEveryPosition: true, Phase: GenerationPhase.Both, Coefficients.IsConstant: true }
            );

    private void Continue(TextDecoder decoder, TextCache cache, Func<bool> trial)
    {
        var (read, count) = cache.Find(_request.Model, _request.Settings, _rows[0].Prompt);
        if (read is null || count == 0 || _batch.Longest < CacheTrial.Shortest || !(cache.GoesOn ??= trial()))
            return;
        decoder.Continue(read, count);
        cache.Count(count);
    }

    // The last new token was not read.
    private void Keep(TextDecoder decoder, TextCache cache) =>
        cache.Keep(_request.Model, _request.Settings, [.. _rows[0].Text.SkipLast(1)], decoder.Release());

    // Without the presents of a cache that is not used, nothing computes them.
    private SessionRecipe RecipeOf(GenerationFeeds feeds) =>
        feeds.Recipe with
        {
            Outputs = [_request.Model.Model.Graph.Outputs[0].Name, .. _cache.Select(pair => pair.Present)],
        };

    private List<GeneratedToken> Chosen(TensorValue logits, int run)
    {
        NextTokenLogits.Check(logits.Name, logits.Shape, _rows.Length, _request.Model.Components);
        var width = (int)logits.Shape[^1];
        var tokens = new List<GeneratedToken>(_rows.Length);
        for (var row = 0; row < _rows.Length; row++)
        {
            var isLive = _rows[row].Finish is null;
            var scores = logits.Floats.Slice(LogitRow(logits, row, run) * width, width);
            _rows[row].Add(scores, FinishOf);
            if (isLive)
                tokens.Add(new GeneratedToken(row, run, _rows[row].Text[^1], _rows[row].Finish));
        }

        return tokens;
    }

    // Where logits cannot be chosen, there are those of every position that the run has read.
    private int LogitRow(TensorValue logits, int row, int run)
    {
        var read = (int)logits.Shape[1];
        if (read == 1)
            return row;
        var length = _rows[row].Text.Count;
        return (row * read) + (_batch.PadsLeft || !_batch.IsPadded ? read : length) - 1;
    }

    private FinishReason? FinishOf(GenerationRow row) =>
        _stop.Ends(row.Generated) ? FinishReason.Stop
        : row.Generated.Count == Options.MaximumNewTokens ? FinishReason.Length
        : row.Text.Count >= _request.Context ? FinishReason.Context
        : null;

    private PromptBatch Batch(bool padsLeft) =>
        new(_request.Prompts, padsLeft, [.. _request.Model.Model.Graph.Inputs.Select(input => input.Name)]);

    // New tokens go behind padding only where the model knows what is padding; else every run reads the texts again.
    private bool CannotPad()
    {
        if (_cache.IsEmpty || !_batch.IsPadded)
            return false;
        var hasMask = _batch.Inputs.Contains(InputFiller.Mask);
        return !hasMask
            || InputWarnings.Of(_batch.Prompt(), _request.Model.Components).Length > 0
            || (!_batch.PadsLeft && !IsShared());
    }

    // A counting operator that is opened appends like any other, which its mask does not tell.
    private bool IsShared()
    {
        var feeds = new GenerationFeeds(_request, _batch, usesCache: true);
        using var lease = _request.Model.Loaded.Lease(RecipeOf(feeds));
        return CacheForms.IsShared(lease.Session, _cache);
    }

    private CacheForm FormOf(InterventionSession session, CancellationToken cancellation) =>
        CacheForms.Of(
            session,
            _cache,
            _request.Model.Loaded.Options.HasDevice,
            () => new RotationTrial(session, _batch, _cache).Run(cancellation)
        );
}
