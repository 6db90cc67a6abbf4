using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// The layers of a model that is cut at its stream, each with the sweep's sites in it. Each is a session of its own,
/// which takes any number of rows and positions.
/// </summary>
internal sealed class LayerSegments : IDisposable
{
    private readonly SessionLease[] _layers;
    private readonly SessionLease? _lastKeys;
    private readonly bool _hasCache;

    /// <param name="setting">The sweep.</param>
    /// <param name="sites">The components that are read or written inside each layer.</param>
    /// <param name="hasCache">Whether layers read keys and values of earlier positions.</param>
    public LayerSegments(SweepSetting setting, ILookup<int, ComponentAddress> sites, bool hasCache)
    {
        var model = setting.Model;
        var count = model.Components.LayerCount;
        _hasCache = hasCache;
        var leases = new List<SessionLease>();
        try
        {
            for (var layer = 0; layer < count; layer++)
                leases.Add(
                    model.Lease(
                        PartOf(
                            model,
                            layer,
                            Part(layer, layer + 1, sites[layer].Select(setting.SpliceOf), Presents(layer))
                        )
                    )
                );
            if (hasCache)
                leases.Add(model.Lease(PartOf(model, count - 1, Part(count - 1, null, [], Presents(count - 1)))));
        }
        catch
        {
            leases.ForEach(lease => lease.Dispose());
            throw;
        }

        _layers = [.. leases.Take(count)];
        _lastKeys = hasCache ? leases[^1] : null;
    }

    /// <summary>How many weights a position of a row is multiplied by in a layer.</summary>
    public long WeightsOf(int layer) => OuterSegments.WeightsOf(_layers[layer]);

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

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var lease in _layers)
            lease.Dispose();
        _lastKeys?.Dispose();
    }

    /// <summary>
    /// The same part with GroupQueryAttention written as operators: with a cache, it takes several positions of one row
    /// alone.
    /// </summary>
    public static SessionRecipe Opened(LoadedModel model, int layer, SessionRecipe part)
    {
        var address = new ComponentAddress(layer, ComponentNames.AttentionWeight);
        var weights = model.Components.Components.FirstOrDefault(component => component.Address == address);
        return weights?.Source is AttentionProbabilitySource ? part with { Opened = address } : part;
    }

    private ImmutableArray<string> Presents(int layer) => _hasCache ? CacheNames.Presents(layer) : [];

    private SessionRecipe PartOf(LoadedModel model, int layer, SessionRecipe part) =>
        _hasCache ? Opened(model, layer, part) : part;

    private static SessionRecipe Part(
        int from,
        int? to,
        IEnumerable<SpliceSite> sites,
        ImmutableArray<string> outputs
    ) =>
        new([.. sites])
        {
            Start = StreamPoints.AddressOf(from),
            End = to is { } end ? StreamPoints.AddressOf(end) : null,
            Outputs = outputs,
        };
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
