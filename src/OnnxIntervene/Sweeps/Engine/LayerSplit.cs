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

    private LayerSplit(ImmutableArray<Value> projections, Value mixed, HashSet<Value> start, HashSet<Value> end)
    {
        (Projections, Mixed, _start) = (projections, mixed, start);
        HashSet<Value> after = [mixed, .. start];
        _cones = new Dictionary<LayerPart, Cone>
        {
            [LayerPart.Projection] = Cone.Before(projections, start),
            [LayerPart.Mixing] = Cone.Before([mixed], start.Concat(projections).ToHashSet()),
            [LayerPart.Transition] = Cone.Before(end, after),
        };
        // What a part is fed or hands on belongs to the part that reads it.
        _foreign = new Dictionary<LayerPart, HashSet<Value>>
        {
            [LayerPart.Projection] = [.. start, .. projections],
            [LayerPart.Mixing] = after,
            [LayerPart.Transition] = start,
        };
    }

    /// <summary>Queries, keys and values, <c>[batch, position, …]</c>, in one tensor or several.</summary>
    public ImmutableArray<Value> Projections { get; }

    /// <summary>The heads' mixed values, <c>[batch, position, …]</c>.</summary>
    public Value Mixed { get; }

    /// <summary>The parts of a layer; null where something else than attention mixes its positions.</summary>
    public static LayerSplit? Find(ComponentMap components, int layer)
    {
        string[] names = [ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput];
        var projections = names.Select(name => TensorOf(components, layer, name)).ToList();
        var mixed = TensorOf(components, layer, ComponentNames.AttentionValueOutput);
        if (mixed is null || projections.Contains(null))
            return null;
        var split = new LayerSplit(
            [.. projections.OfType<Value>().Distinct()],
            mixed,
            SourcePlaces.OfStream(components.Get(StreamPoints.AddressOf(layer))),
            SourcePlaces.OfStream(components.Get(StreamPoints.AddressOf(layer + 1)))
        );
        return split.IsClosed(components.Model.Graph) ? split : null;
    }

    /// <summary>The part that a component is in; null where it is in none, or in several.</summary>
    public LayerPart? PartOf(Component component)
    {
        var parts = _cones.Keys.Where(part => IsIn(part, component)).ToList();
        return parts.Count == 1 ? parts[0] : null;
    }

    private static Value? TensorOf(ComponentMap components, int layer, string name)
    {
        var address = new ComponentAddress(layer, name);
        return components.Components.FirstOrDefault(component => component.Address == address)?.Source switch
        {
            TensorSource tensor => Rooted(tensor.Value),
            SliceSource slice => Rooted(slice.Value),
            InterleavedSource packed => Rooted(packed.Value),
            SplitHeadsSource split => Rooted(split.Value),
            _ => null,
        };

        Value? Rooted(Value value) => value.Producer?.Graph == components.Model.Graph ? value : null;
    }

    // Masks, positions and the cache are for attention alone, and attention reads the stream through its projections.
    private bool IsClosed(Graph graph)
    {
        var inputs = graph.Inputs.Where(input => input.Initializer is null).ToHashSet();
        return !_cones[LayerPart.Projection].Values.Any(inputs.Contains)
            && !_cones[LayerPart.Transition].Values.Any(inputs.Contains)
            && !_cones[LayerPart.Mixing].Values.Any(_start.Contains)
            && !_cones[LayerPart.Transition].Values.Any(Projections.Contains);
    }

    private bool IsIn(LayerPart part, Component component)
    {
        var cone = _cones[part];
        if (SourcePlaces.OpenedNode(component.Source) is { } opened)
            return cone.Nodes.Contains(opened);
        var values = SourcePlaces.Values(component.Source).ToList();
        if (component.Source is InputSource input)
            return input.Readers.All(cone.Nodes.Contains);
        if (values.All(_start.Contains))
            return values.SelectMany(value => value.Uses).Any(use => cone.Nodes.Contains(use.Node));
        return values.Count > 0 && values.All(value => cone.Values.Contains(value) && !_foreign[part].Contains(value));
    }
}
