using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>The components of a model at which its edges begin and end.</summary>
internal sealed class CircuitSites
{
    private CircuitSites(ComponentMap components, int heads)
    {
        Graph = new CircuitGraph(components.LayerCount, heads);
        var layers = Enumerable.Range(0, components.LayerCount).ToList();
        Read =
        [
            Embedding,
            Last,
            .. layers.SelectMany(layer => new[] { MixedValues(layer), FeedForward(layer), Middle(layer) }),
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
    public static ComponentAddress Middle(int layer) => new(layer, ComponentNames.ResidMid);

    /// <summary>What a layer's feed-forward adds.</summary>
    public static ComponentAddress FeedForward(int layer) => new(layer, ComponentNames.MlpOutput);

    /// <summary>The heads' mixed values, before their projection.</summary>
    public static ComponentAddress MixedValues(int layer) => new(layer, ComponentNames.AttentionValueOutput);

    /// <summary>A head's inputs after their projections.</summary>
    public static ImmutableArray<ComponentAddress> Projections(int layer) =>
        [
            .. new[] { ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput }.Select(
                name => new ComponentAddress(layer, ComponentNames.HeadPrefix + name)
            ),
        ];

    /// <summary>Finds them.</summary>
    /// <exception cref="InterventionException">
    /// The model's layers are not an attention and then a feed-forward, both added to one stream as they are.
    /// </exception>
    public static CircuitSites Of(ComponentMap components)
    {
        var parts = StreamPart.All(components);
        if (components.LayerCount == 0)
            throw new InterventionException("No layers were found in the model, so it has no edges.");
        if (parts.FirstOrDefault(part => part.After is not null) is { } scaled)
            throw new InterventionException(
                $"{scaled.SubLayer} is scaled or normalised before it is added to the stream, so what single heads "
                    + "add cannot be told, and the model has no edges between heads."
            );
        var heads = components.Get(Projections(0)[0]).Heads;
        for (var layer = 0; layer < components.LayerCount; layer++)
            Require(components, [.. parts.Where(part => part.SubLayer.Layer == layer)], layer, heads);
        return new CircuitSites(components, heads);
    }

    private static void Require(ComponentMap components, ImmutableArray<StreamPart> parts, int layer, int heads)
    {
        ComponentAddress[] expected = [new(layer, ComponentNames.AttentionOutput), FeedForward(layer)];
        if (!parts.Select(part => part.SubLayer).SequenceEqual(expected))
            throw new InterventionException(
                $"Layer {layer} adds {string.Join(", ", parts.Select(part => part.SubLayer.Name))} to the stream; "
                    + "edges are known of layers that are an attention and then a feed-forward."
            );
        if (components.Components.All(component => component.Address != Middle(layer)))
            throw new InterventionException(
                $"The stream between attention and feed-forward of layer {layer} was not found: where both read the "
                    + "same stream, edges are not known."
            );
        foreach (var projection in Projections(layer).Select(components.Get))
        {
            if (projection.Heads != heads)
                throw new InterventionException(
                    $"{projection} has {projection.Heads} heads and there are {heads} heads of queries: heads that "
                        + "share keys and values have no inputs of their own, so edges are not known."
                );
        }
    }
}
