using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>A residual stream with everything that is added to it.</summary>
/// <param name="Start">The stream before the first addition.</param>
/// <param name="Parts">The sub-layers, in the order of a forward pass; side-by-side ones share an addition.</param>
internal sealed record ResidualStream(Value Start, ImmutableArray<SubLayer> Parts)
{
    /// <summary>Whether the stream attends to itself or to another.</summary>
    public bool HasAttention => Parts.Any(part => part.Core is not null);

    /// <summary>The stream after the last addition, and before the norm where one follows it.</summary>
    public IEnumerable<Value> Ends => Roots(Parts[^1]);

    /// <summary>The stream wherever it is not added to.</summary>
    public IEnumerable<Value> Values => Parts.SelectMany(Roots).Prepend(Dataflow.FlatRoot(Start));

    /// <summary>Every stream of a graph, in its order.</summary>
    public static IEnumerable<ResidualStream> All(Graph graph, LinearLayers layers, StreamTracer tracer)
    {
        var claimed = new HashSet<Node>();
        var starts = new HashSet<Value>();
        foreach (var node in graph.Nodes.Where(node => !claimed.Contains(node)))
        {
            if (InputOf(node, layers) is not { } input)
                continue;
            var start = tracer.StreamOf(input);
            if (!starts.Add(start))
                continue;
            var parts = tracer.From(start).ToImmutableArray();
            foreach (var part in parts)
                claimed.UnionWith(part.Nodes);

            // Convolutions alone are images' and sounds' own, [batch, channel, …].
            if (parts.Any(part => part.Kind is not (SubLayerKind.Convolution or SubLayerKind.Pooling)))
                yield return new ResidualStream(start, parts);
        }
    }

    private static IEnumerable<Value> Roots(SubLayer part) =>
        [Dataflow.FlatRoot(part.Result), .. part.Addition is { } sum ? [sum.Output] : Array.Empty<Value>()];

    private static bool IsComputed(Value? value) => value is not null && !GraphConstants.IsConstant(value);

    // ONNX Runtime's Attention multiplies its weights itself. A layer may begin with a convolution over positions.
    private static Value? InputOf(Node node, LinearLayers layers) =>
        layers.TryGet(node, out var layer) ? layer.Input
        : FusedOperators.IsPackedAttention(node) || SubLayer.MixesPositions(node) ? node.InputOrNull(0)
        : node.Operator.OperatorType == "Einsum" ? node.Inputs.FirstOrDefault(IsComputed)
        : SubLayer.IsConvolution(node) && node.InputOrNull(0)?.Producer is { Operator.OperatorType: "Transpose" } turned
            ? turned.InputOrNull(0)
        : null;
}
