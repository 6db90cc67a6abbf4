using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>The components of a model at which its edges begin and end.</summary>
internal sealed class CircuitSites
{
    private readonly ImmutableArray<StreamPart> _parts;
    private readonly ImmutableArray<bool> _areParallel;

    private CircuitSites(
        ComponentMap components,
        ImmutableArray<StreamPart> parts,
        int heads,
        int sharing,
        ImmutableArray<bool> areParallel
    )
    {
        (_parts, _areParallel) = (parts, areParallel);
        Graph = new CircuitGraph(components.LayerCount, heads, sharing, layer => areParallel[layer]);
        var layers = Enumerable.Range(0, components.LayerCount).ToList();
        Read =
        [
            Embedding,
            Last,
            .. layers.SelectMany(layer => new[] { MixedValues(layer), FeedForward(layer), Middle(layer) }),
            .. layers.SelectMany(layer => Outputs(layer)),
            .. layers.Select(Before),
        ];
        Read = [.. Read.Distinct()];
    }

    /// <summary>The edges.</summary>
    public CircuitGraph Graph { get; }

    /// <summary>The stream before the first layer.</summary>
    public static ComponentAddress Embedding => StreamPoints.AddressOf(0);

    /// <summary>The stream after the last layer.</summary>
    public ComponentAddress Last => StreamPoints.AddressOf(Graph.Layers);

    /// <summary>All that is read in a run of a prompt.</summary>
    public ImmutableArray<ComponentAddress> Read { get; }

    /// <summary>The stream that a layer's attention reads.</summary>
    public static ComponentAddress Before(int layer) => StreamPoints.AddressOf(layer);

    /// <summary>The stream that a layer's feed-forward reads.</summary>
    public ComponentAddress Middle(int layer) => _areParallel[layer] ? Before(layer) : Between(layer);

    /// <summary>What a layer's feed-forward outputs.</summary>
    public static ComponentAddress FeedForward(int layer) => new(layer, ComponentNames.MlpOutput);

    /// <summary>The heads' mixed values, before their projection.</summary>
    public static ComponentAddress MixedValues(int layer) => new(layer, ComponentNames.AttentionValueOutput);

    /// <summary>
    /// What a layer's attention outputs, where it is not added to the stream as it is; nothing where it is.
    /// </summary>
    public ImmutableArray<ComponentAddress> Outputs(int layer) =>
        AttentionOf(layer) is { After: not null, SubLayer: var output } ? [output] : [];

    /// <summary>How what a layer's attention outputs comes into the stream.</summary>
    public StreamPart AttentionOf(int layer) => _parts[2 * layer];

    /// <summary>How what a layer's feed-forward outputs comes into it.</summary>
    public StreamPart FeedForwardOf(int layer) => _parts[(2 * layer) + 1];

    /// <summary>A head's inputs after their projections.</summary>
    public static ImmutableArray<ComponentAddress> Projections(int layer) =>
        [
            .. new[] { ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput }.Select(
                name => new ComponentAddress(layer, ComponentNames.HeadPrefix + name)
            ),
        ];

    /// <summary>Finds them.</summary>
    /// <exception cref="InterventionException">
    /// The model's layers are not an attention and a feed-forward, both added to one stream.
    /// </exception>
    public static CircuitSites Of(ComponentMap components)
    {
        var parts = StreamPart.All(components);
        if (components.LayerCount == 0)
            throw new InterventionException("No layers were found in the model, so it has no edges.");
        var (heads, sharing) = Heads(components);
        var areParallel = Enumerable
            .Range(0, components.LayerCount)
            .Select(layer => IsParallel(components, [.. parts.Where(part => part.SubLayer.Layer == layer)], layer))
            .ToImmutableArray();
        return new CircuitSites(components, parts, heads, sharing, areParallel);
    }

    private static ComponentAddress Between(int layer) => new(layer, ComponentNames.ResidMid);

    private static bool IsParallel(ComponentMap components, ImmutableArray<StreamPart> parts, int layer)
    {
        ComponentAddress[] expected = [new(layer, ComponentNames.AttentionOutput), FeedForward(layer)];
        if (!parts.Select(part => part.SubLayer).SequenceEqual(expected))
            throw new InterventionException(
                $"Layer {layer} adds {string.Join(", ", parts.Select(part => part.SubLayer.Name))} to the stream; "
                    + "edges are known of layers that are an attention and a feed-forward."
            );
        if (components.Components.Any(component => component.Address == Between(layer)))
            return false;
        return !DependsOnAttention(components, layer)
            ? true
            : throw new InterventionException(
                $"The stream between attention and feed-forward of layer {layer} was not found, and the feed-forward "
                    + "depends on the attention, so its edges are not known."
            );
    }

    // Where either is no tensor of its own this is not known, which counts as if it did.
    private static bool DependsOnAttention(ComponentMap components, int layer)
    {
        var attention = components.Get(new ComponentAddress(layer, ComponentNames.AttentionOutput)).Source;
        return (attention, components.Get(FeedForward(layer)).Source)
                is not
                (TensorSource added, TensorSource feedForward)
            || Cone.Before([feedForward.Value]).Values.Contains(added.Value);
    }

    // Each key and value belongs to as many heads of queries, which stand one after the other.
    private static (int Heads, int Sharing) Heads(ComponentMap components)
    {
        var (heads, groups) = (components.Get(Projections(0)[0]).Heads, components.Get(Projections(0)[1]).Heads);
        for (var layer = 0; layer < components.LayerCount; layer++)
        {
            var found = Projections(layer).Select(site => components.Get(site).Heads).ToList();
            if (groups == 0 || heads % groups != 0 || !found.SequenceEqual([heads, groups, groups]))
                throw new InterventionException(
                    $"Layer {layer} has {found[0]} heads of queries, {found[1]} of keys and {found[2]} of values, and "
                        + $"layer 0 {heads} and {groups}: which heads share keys and values is not known, so edges are "
                        + "not known."
                );
        }

        return (heads, heads / groups);
    }
}
