using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>One residual stream with its sub-layers, gathered into layers.</summary>
/// <param name="Layers">The sub-layers of each layer; side-by-side ones share stream and result.</param>
internal sealed record Stack(ImmutableArray<ImmutableArray<SubLayer>> Layers)
{
    /// <summary>Whether any layer attends to itself.</summary>
    public bool HasAttention => Layers.Any(layer => layer.Any(IsSelfAttention));

    /// <summary>Whether norms are in the stream itself.</summary>
    public bool IsPostNorm => Layers.Any(layer => layer.Any(part => part.IsPostNorm));

    /// <summary>
    /// The model's own stack: of several, the last that attends to itself is the decoder of a pair, the encoder that
    /// looks at another. Null when there is none.
    /// </summary>
    public static Stack? Main(IReadOnlyList<Stack> stacks) =>
        stacks.LastOrDefault(stack => stack.HasAttention) ?? (stacks.Count > 0 ? stacks[^1] : null);

    /// <summary>Every stack of a graph, in its order.</summary>
    public static IEnumerable<Stack> All(Graph graph, LinearLayers layers, StreamTracer tracer)
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
            if (parts.Length > 0)
                yield return new Stack(Gather(parts));
        }
    }

    // ONNX Runtime's Attention multiplies its weights itself.
    private static Value? InputOf(Node node, LinearLayers layers) =>
        layers.TryGet(node, out var layer) ? layer.Input
        : FusedOperators.IsPackedAttention(node) ? node.Inputs[0]
        : null;

    // A layer begins where the stream attends to itself; without attention each addition is a layer.
    private static ImmutableArray<ImmutableArray<SubLayer>> Gather(ImmutableArray<SubLayer> parts)
    {
        if (!parts.Any(IsSelfAttention))
            return [.. parts.Select(part => ImmutableArray.Create(part))];
        var layers = new List<List<SubLayer>>();
        foreach (var part in parts)
        {
            if (layers.Count == 0 || (IsSelfAttention(part) && layers[^1].Exists(IsSelfAttention)))
                layers.Add([]);
            layers[^1].Add(part);
        }

        return [.. layers.Select(layer => layer.ToImmutableArray())];
    }

    private static bool IsSelfAttention(SubLayer part) => part is { Core: not null, IsCross: false };
}
