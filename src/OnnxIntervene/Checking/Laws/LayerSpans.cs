using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// The nodes between each layer's block_input and its block_output, of every stack of a map. O(layers × nodes).
/// </summary>
internal sealed class LayerSpans
{
    private readonly HashSet<Node> _nodes = [];

    public LayerSpans(ComponentMap map)
    {
        var streams = map
            .Components.Where(component => component.Address.Name == ComponentNames.BlockInput)
            .ToDictionary(component => component.Address);
        foreach (var end in map.Components.Where(component => component.Address.Name == ComponentNames.BlockOutput))
        {
            if (streams.TryGetValue(end.Address with { Name = ComponentNames.BlockInput }, out var start))
                Add(SourcePlaces.OfStream(start), SourcePlaces.OfStream(end));
        }
    }

    /// <summary>Whether a node is in a layer.</summary>
    public bool Contains(Node node) => _nodes.Contains(node);

    /// <summary>The tensors that a node adds; none where it does something else.</summary>
    public static Value[] Addends(Node node) =>
        node.Operator.OperatorType switch
        {
            "Sum" => Computed(node.Inputs),
            "Add" or "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" => Computed(node.Inputs.Take(2)),
            // A norm's distance from the mean adds nothing.
            "Sub" when node.Inputs[1]?.Producer is { Operator.OperatorType: "Neg" } => Computed(node.Inputs),
            _ => [],
        };

    private static Value[] Computed(IEnumerable<Value?> inputs) =>
        [.. inputs.OfType<Value>().Where(input => !GraphConstants.IsConstant(input))];

    private void Add(HashSet<Value> start, HashSet<Value> end)
    {
        var computed = Dataflow.ComputedFrom(start);
        _nodes.UnionWith(
            end.Concat(Dataflow.Before(end, start)).Where(computed.Contains).Select(value => value.Producer!)
        );
    }
}
