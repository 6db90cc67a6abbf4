using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// A model cut at its stream: what computes the embeddings, each layer with the sweep's sites in it, and what computes
/// the logits. Each is a session of its own, which takes any number of rows and positions.
/// </summary>
internal sealed class LayerSegments : IDisposable
{
    private readonly SessionLease _embedding;
    private readonly SessionLease[] _layers;
    private readonly SessionLease? _lastKeys;
    private readonly SessionLease _head;
    private readonly string _logits;
    private readonly bool _hasCache;

    /// <param name="model">The model.</param>
    /// <param name="sites">The components that are read or written inside each layer.</param>
    /// <param name="hasCache">Whether layers read keys and values of earlier positions.</param>
    public LayerSegments(LoadedModel model, ILookup<int, ComponentAddress> sites, bool hasCache)
    {
        var count = model.Components.LayerCount;
        _hasCache = hasCache;
        _logits = model.Model.Graph.Outputs[0].Name;
        var leases = new List<SessionLease>();
        try
        {
            leases.Add(model.Lease(Part(null, 0, [], [])));
            for (var layer = 0; layer < count; layer++)
                leases.Add(model.Lease(Opened(model, layer, Part(layer, layer + 1, sites[layer], Presents(layer)))));
            leases.Add(model.Lease(Part(count, null, [], [_logits])));
            if (hasCache)
                leases.Add(model.Lease(Opened(model, count - 1, Part(count - 1, null, [], Presents(count - 1)))));
        }
        catch
        {
            leases.ForEach(lease => lease.Dispose());
            throw;
        }

        (_embedding, _layers, _head) = (leases[0], [.. leases.Skip(1).Take(count)], leases[count + 1]);
        _lastKeys = hasCache ? leases[^1] : null;
    }

    /// <summary>How many weights a position of a row is multiplied by in a layer.</summary>
    public long WeightsOf(int layer) => Weights(_layers[layer]);

    /// <summary>How many weights the logits of a position take.</summary>
    public long HeadWeights => Weights(_head);

    /// <summary>The stream before the first layer.</summary>
    public NumericArray Embed(SegmentRun run, CancellationToken cancellation)
    {
        var session = _embedding.Session;
        var name = session.Spliced.Boundaries[StreamPoints.AddressOf(0)];
        return session.Run(run.Inputs(session, null), [], [name], cancellation)[0];
    }

    /// <summary>A layer's stream, what its sites read, and its keys and values.</summary>
    public LayerResult Layer(
        int layer,
        SegmentRun run,
        IReadOnlyDictionary<ComponentAddress, SiteFeed> feeds,
        CancellationToken cancellation
    )
    {
        var session = _layers[layer].Session;
        var sites = session.Spliced.Sites;
        var read = sites.Where(site => Feed(site).ReadLocations.Length > 0).ToList();
        string[] outputs =
        [
            session.Spliced.Boundaries[StreamPoints.AddressOf(layer + 1)],
            .. run.KeepsPresents ? Presents(layer) : [],
            .. read.Select(site => site.Read!),
        ];
        var results = session.Run(
            run.Inputs(session, StreamPoints.AddressOf(layer)),
            [.. sites.Select(Feed)],
            outputs,
            cancellation
        );
        var presents = run.KeepsPresents && _hasCache ? 2 : 0;
        return new LayerResult(
            results[0],
            presents == 0 ? null : (results[1], results[2]),
            read.Zip(results.Skip(1 + presents))
                .ToImmutableDictionary(item => item.First.Site.Address, item => item.Second)
        );

        SiteFeed Feed(SitePorts site) => feeds.GetValueOrDefault(site.Site.Address) ?? SiteFeed.Neutral;
    }

    /// <summary>The last layer's keys and values, after those of its past.</summary>
    public (NumericArray Keys, NumericArray Values) LastKeys(SegmentRun run, CancellationToken cancellation)
    {
        var session = _lastKeys!.Session;
        var last = _layers.Length - 1;
        var results = session.Run(run.Inputs(session, StreamPoints.AddressOf(last)), [], Presents(last), cancellation);
        return (results[0], results[1]);
    }

    /// <summary>The logits of a stream.</summary>
    public NumericArray Logits(SegmentRun run, CancellationToken cancellation) =>
        _head.Session.Run(
            run.Inputs(_head.Session, StreamPoints.AddressOf(_layers.Length)),
            [],
            [_logits],
            cancellation
        )[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var lease in _layers.Append(_embedding).Append(_head))
            lease.Dispose();
        _lastKeys?.Dispose();
    }

    private ImmutableArray<string> Presents(int layer) => _hasCache ? CacheNames.Presents(layer) : [];

    private static SessionRecipe Part(
        int? from,
        int? to,
        IEnumerable<ComponentAddress> sites,
        ImmutableArray<string> outputs
    ) =>
        new([.. sites.Select(site => new SpliceSite(site, InterventionType.Vanilla))])
        {
            Start = from is { } start ? StreamPoints.AddressOf(start) : null,
            End = to is { } end ? StreamPoints.AddressOf(end) : null,
            Outputs = outputs,
        };

    // GroupQueryAttention takes several positions after a cache in one row alone.
    private SessionRecipe Opened(LoadedModel model, int layer, SessionRecipe part)
    {
        var address = new ComponentAddress(layer, ComponentNames.AttentionWeight);
        var weights = model.Components.Components.FirstOrDefault(component => component.Address == address);
        return _hasCache && weights?.Source is AttentionProbabilitySource ? part with { Opened = address } : part;
    }

    // Tokens and positions: nothing is multiplied by their tables.
    private static bool IsLookedUp(Use use) =>
        use is { InputIndex: 0, Node.Operator.Name: "Gather" or "GatherBlockQuantized" };

    private static long Weights(SessionLease lease) =>
        lease
            .Session.Spliced.Model.Graph.Initializers.Where(weight => weight.Type?.Shape?.Rank >= 2)
            .Where(weight => !weight.Uses.All(IsLookedUp))
            .Sum(weight => weight.Type!.Shape!.Dimensions.Aggregate(1L, (product, size) => product * (size.Size ?? 1)));
}

/// <summary>What a layer computed.</summary>
/// <param name="Stream">Its <c>block_output</c>, <c>[row, position, width]</c>.</param>
/// <param name="Presents">Keys and values, those of the past before them; null where they were not asked for.</param>
/// <param name="Reads">What its sites read.</param>
internal sealed record LayerResult(
    NumericArray Stream,
    (NumericArray Keys, NumericArray Values)? Presents,
    ImmutableDictionary<ComponentAddress, NumericArray> Reads
);
