using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Where in a layer something is: before positions are mixed, where they are, or after.</summary>
internal enum LayerPart
{
    /// <summary>From the stream to queries, keys and values; a token at a time.</summary>
    Projection,

    /// <summary>Attention, up to the mixed values: where tokens read each other.</summary>
    Mixing,

    /// <summary>From the mixed values to the next stream; a token at a time.</summary>
    Transition,
}

/// <summary>
/// A layer in three parts, of which only the middle one mixes positions. The others compute each token by itself, so
/// that the tokens of any rows and positions are one product.
/// </summary>
internal sealed class LayerSplit
{
    private readonly HashSet<Value> _start;
    private readonly Dictionary<LayerPart, Cone> _cones;
    private readonly Dictionary<LayerPart, HashSet<Value>> _foreign;

    private LayerSplit(
        ImmutableArray<Value> projections,
        Value mixed,
        HashSet<Value> start,
        HashSet<Value> end,
        Dictionary<Value, int[]> sized
    )
    {
        (Projections, Mixed, Sized, _start) = (projections, mixed, sized, start);
        HashSet<Value> after = [mixed, .. start];
        _cones = new Dictionary<LayerPart, Cone>
        {
            [LayerPart.Projection] = Cone.Before(projections, start),
            [LayerPart.Mixing] = Cone.Before([mixed], start.Concat(projections).Concat(sized.Keys).ToHashSet()),
            [LayerPart.Transition] = Cone.Before(end, after),
        };
        // What a part is fed or hands on belongs to the part that reads it.
        _foreign = new Dictionary<LayerPart, HashSet<Value>>
        {
            [LayerPart.Projection] = [.. start, .. projections],
            [LayerPart.Mixing] = [.. after, .. sized.Keys],
            [LayerPart.Transition] = start,
        };
    }

    /// <summary>Queries, keys and values, <c>[batch, position, …]</c>, in one tensor or several.</summary>
    public ImmutableArray<Value> Projections { get; }

    /// <summary>The heads' mixed values, <c>[batch, position, …]</c>.</summary>
    public Value Mixed { get; }

    /// <summary>
    /// Tensors of the stream of which attention reads the sizes alone, and what of these follows batch and position.
    /// </summary>
    public IReadOnlyDictionary<Value, int[]> Sized { get; }

    /// <summary>The parts of a layer.</summary>
    /// <param name="components">The model's components.</param>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="sizes">Finds what is read for its sizes.</param>
    /// <exception cref="InterventionException">Something else than attention mixes its positions.</exception>
    public static LayerSplit Of(ComponentMap components, int layer, SizedTensors sizes)
    {
        string[] names = [ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput];
        ImmutableArray<Value> projections = [.. names.Select(name => TensorOf(components, layer, name)).Distinct()];
        var mixed = TensorOf(components, layer, ComponentNames.AttentionValueOutput);
        var stream = components.Get(StreamPoints.AddressOf(layer));
        var start = SourcePlaces.OfStream(stream);
        var split = new LayerSplit(
            projections,
            mixed,
            start,
            SourcePlaces.OfStream(components.Get(StreamPoints.AddressOf(layer + 1))),
            sizes.Of([mixed], start.Concat(projections).ToHashSet(), stream)
        );
        return split.Obstacle(components.Model.Graph, sizes) is { } obstacle
            ? throw Indivisible(layer, obstacle)
            : split;
    }

    /// <summary>The part that a component is in; null where it is in none, or in several.</summary>
    public LayerPart? PartOf(Component component)
    {
        var parts = _cones.Keys.Where(part => IsIn(part, component)).ToList();
        return parts.Count == 1 ? parts[0] : null;
    }

    private static InterventionException Indivisible(int layer, string why) =>
        new($"layer {layer} cannot be divided around its attention: {why}");

    private static Value TensorOf(ComponentMap components, int layer, string name)
    {
        var address = new ComponentAddress(layer, name);
        var tensor = components.Components.FirstOrDefault(component => component.Address == address)?.Source switch
        {
            TensorSource source => source.Value,
            SliceSource slice => slice.Value,
            InterleavedSource packed => packed.Value,
            SplitHeadsSource split => split.Value,
            _ => null,
        };
        return tensor is not null && tensor.Producer?.Graph == components.Model.Graph
            ? tensor
            : throw Indivisible(layer, $"it has no {name} that is a tensor of the main graph");
    }

    // Masks, positions and the cache are for attention alone, and attention reads the stream through its projections.
    private string? Obstacle(Graph graph, SizedTensors sizes)
    {
        var inputs = graph.Inputs.Where(input => input.Initializer is null).ToHashSet();
        if (Read(LayerPart.Projection, IsInput) is { } before)
            return $"its projections read the input '{before}'";
        if (Read(LayerPart.Transition, IsInput) is { } after)
            return $"what follows attention reads the input '{after}'";
        if (Read(LayerPart.Mixing, (value, _) => _start.Contains(value) && !Sized.ContainsKey(value)) is { } own)
            return $"attention reads the stream '{own}' besides its projections";
        return Read(LayerPart.Transition, (value, _) => Projections.Contains(value)) is { } projection
            ? $"what follows attention reads the projection '{projection}'"
            : null;

        bool IsInput(Value value, Cone part) => inputs.Contains(value) && !sizes.IsForShapes(value, part);
    }

    private string? Read(LayerPart part, Func<Value, Cone, bool> isOther) =>
        _cones[part].Values.FirstOrDefault(value => isOther(value, _cones[part]))?.Name;

    private bool IsIn(LayerPart part, Component component)
    {
        var cone = _cones[part];
        if (SourcePlaces.OpenedNode(component.Source) is { } opened)
            return cone.Nodes.Contains(opened);
        var values = SourcePlaces.Values(component.Source).ToList();
        if (component.Source is InputSource input)
            return input.Readers.All(node => cone.Nodes.Contains(node) || SizedTensors.IsSize(node));
        if (values.All(_start.Contains))
            return values
                .SelectMany(value => value.Uses)
                .Any(use => cone.Nodes.Contains(use.Node) && !SizedTensors.IsSize(use.Node));
        return values.Count > 0 && values.All(value => cone.Values.Contains(value) && !_foreign[part].Contains(value));
    }
}
