using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>The layers of a model, each in three parts with the sweep's sites in them.</summary>
internal sealed class SplitLayers : IDisposable
{
    private readonly List<SplitLayer> _layers = [];

    /// <param name="setting">The sweep.</param>
    /// <param name="sites">The components that are read or written inside each layer.</param>
    /// <exception cref="InterventionException">A layer has no such parts.</exception>
    public SplitLayers(SweepSetting setting, ILookup<int, ComponentAddress> sites)
    {
        var components = setting.Model.Components;
        var sizes = new SizedTensors(components);
        HasCache = CacheNames.AreIn(components);
        try
        {
            for (var layer = 0; layer < components.LayerCount; layer++)
            {
                var split = LayerSplit.Of(components, layer, sizes);
                _layers.Add(new SplitLayer(setting, layer, split, [.. sites[layer]], HasCache));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether attention reads keys and values of earlier positions from a cache.</summary>
    public bool HasCache { get; }

    /// <summary>A layer.</summary>
    public SplitLayer this[int layer] => _layers[layer];

    /// <summary>How many there are.</summary>
    public int Count => _layers.Count;

    /// <inheritdoc/>
    public void Dispose() => _layers.ForEach(layer => layer.Dispose());
}

/// <summary>The sessions of one layer's parts.</summary>
internal sealed class SplitLayer : IDisposable
{
    private readonly Dictionary<LayerPart, SessionLease> _leases = [];
    private readonly ImmutableArray<(ComponentAddress Site, LayerPart Part)> _sites;
    private readonly SweepSetting _setting;

    /// <param name="setting">The sweep.</param>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="split">Where it is divided.</param>
    /// <param name="sites">The components that are read or written in it.</param>
    /// <param name="hasCache">Whether its attention reads a cache.</param>
    /// <exception cref="InterventionException">
    /// A site is in several parts, or the model cannot be cut there.
    /// </exception>
    public SplitLayer(
        SweepSetting setting,
        int layer,
        LayerSplit split,
        ImmutableArray<ComponentAddress> sites,
        bool hasCache
    )
    {
        var model = setting.Model;
        _setting = setting;
        _sites = [.. sites.Select(site => (site, PartOf(split, model.Components.Get(site))))];
        Projections = [.. split.Projections.Select(value => value.Name)];
        Mixed = split.Mixed.Name;
        Sized = split.Sized.ToImmutableDictionary(item => item.Key.Name, item => item.Value);
        Start = StreamPoints.AddressOf(layer);
        End = StreamPoints.AddressOf(layer + 1);
        Presents = hasCache ? CacheNames.Presents(layer) : [];
        try
        {
            foreach (var part in Enum.GetValues<LayerPart>())
                _leases.Add(part, model.Lease(RecipeOf(part, layer)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The tensors of queries, keys and values.</summary>
    public ImmutableArray<string> Projections { get; }

    /// <summary>
    /// The tensors of the stream of which attention reads the sizes alone, and those sizes that follow batch and
    /// position.
    /// </summary>
    public ImmutableDictionary<string, int[]> Sized { get; }

    /// <summary>The tensor of the mixed values, where the transition is fed.</summary>
    public string Mixed { get; }

    /// <summary>The stream before the layer.</summary>
    public ComponentAddress Start { get; }

    /// <summary>The stream after the layer.</summary>
    public ComponentAddress End { get; }

    /// <summary>The cache outputs, which the mixing part has; none without a cache.</summary>
    public ImmutableArray<string> Presents { get; }

    /// <summary>The mixed values, where the mixing part ends.</summary>
    public ComponentAddress MixedAddress => new(End.Layer, ComponentNames.AttentionValueOutput);

    /// <summary>The session of a part.</summary>
    public InterventionSession this[LayerPart part] => _leases[part].Session;

    /// <summary>What attention is fed for its projections and for sizes.</summary>
    /// <param name="projections">The values of each projection, <c>[row, position, …]</c>.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="positions">How many positions of each.</param>
    public Dictionary<string, NumericArray> MixingInputs(
        IEnumerable<KeyValuePair<string, NumericArray>> projections,
        int rows,
        int positions
    )
    {
        var inputs = new Dictionary<string, NumericArray>(projections);
        foreach (var (name, shape) in Sized)
        {
            var values = new float[shape.Aggregate(rows * positions, (product, size) => product * size)];
            inputs.Add(name, NumericArray.Of(values, [rows, positions, .. shape]));
        }

        return inputs;
    }

    /// <summary>The part that a site is in.</summary>
    public LayerPart PartOf(ComponentAddress site) => _sites.First(item => item.Site == site).Part;

    /// <summary>How many weights a token is multiplied by in a part.</summary>
    public long WeightsOf(LayerPart part) => OuterSegments.WeightsOf(_leases[part]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var lease in _leases.Values)
            lease.Dispose();
    }

    private static LayerPart PartOf(LayerSplit split, Component site) =>
        split.PartOf(site)
        ?? throw new InterventionException($"{site} is not in one part of its layer, but in several or none.");

    private SessionRecipe RecipeOf(LayerPart part, int layer)
    {
        var sites = _sites.Where(item => item.Part == part);
        var recipe = new SessionRecipe([.. sites.Select(item => _setting.SpliceOf(item.Site))]) { Outputs = [] };
        return part switch
        {
            LayerPart.Projection => recipe with { Start = Start, To = Projections },
            LayerPart.Mixing => LayerSegments.Opened(
                _setting.Model,
                layer,
                recipe with
                {
                    From = [.. Projections, .. Sized.Keys.Order(StringComparer.Ordinal)],
                    End = MixedAddress,
                    Outputs = Presents,
                }
            ),
            _ => recipe with { Start = Start, From = [Mixed], End = End },
        };
    }
}
