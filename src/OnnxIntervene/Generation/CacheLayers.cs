using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Generation;

/// <summary>
/// The cache of a model that appends new tokens with <c>Concat</c>, layer by layer in the order of computation.
/// </summary>
internal static class CacheLayers
{
    private const string Append = "Concat";
    private const int PositionAxis = 2;
    private const int Axes = 4;

    /// <summary>The cache layer by layer.</summary>
    public static ImmutableArray<ImmutableArray<CachePair>> Of(ImmutableArray<CachePair> cache) =>
        [.. cache.GroupBy(LayerOf).Select(layer => layer.ToImmutableArray())];

    /// <summary>
    /// Whether each layer's present can only be computed once nothing reads the past of the layer before it; false
    /// where that is not known.
    /// </summary>
    /// <param name="graph">The model's graph, interventions included.</param>
    /// <param name="layers">The layers of its cache.</param>
    public static bool CanRotate(Graph graph, ImmutableArray<ImmutableArray<CachePair>> layers) =>
        layers.All(layer => layer.Length == layers[0].Length && layer.All(pair => IsAppended(graph, pair)))
        && layers.Zip(layers.Skip(1)).All(pair => Follows(graph, pair.First, pair.Second));

    // "past_key_values.N.key" without its last part.
    private static string LayerOf(CachePair pair) => pair.Past[..pair.Past.LastIndexOf('.')];

    private static bool IsAppended(Graph graph, CachePair pair) =>
        pair.OutputIn(graph) is { } present
        && Dataflow.Root(present).Producer is { } node
        && node.Operator.OperatorType == Append
        && node.Inputs is [{ } past, not null]
        && past == pair.InputIn(graph)
        && node.FindAttribute("axis")?.Integer is PositionAxis or PositionAxis - Axes;

    private static bool Follows(Graph graph, ImmutableArray<CachePair> layer, ImmutableArray<CachePair> next)
    {
        var readers = layer
            .SelectMany(pair => pair.InputIn(graph)!.Uses)
            .Select(use => use.Node)
            .Where(node => node.Operator.OperatorType is not ("Shape" or "Size"))
            .ToList();
        return next.All(pair => Cone.Before([pair.OutputIn(graph)!]).Nodes.IsSupersetOf(readers));
    }
}
