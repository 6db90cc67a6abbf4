using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Tells what the part is that is added to a stream.</summary>
internal sealed class SubLayerReader
{
    private const int LinearLayersOfPixels = 2;
    private const int LinearLayersOfMixer = 3;

    private readonly ImmutableArray<AttentionCore> _cores;
    private readonly Dictionary<Node, int> _coreNumbers = [];
    private readonly LinearLayers _layers;

    public SubLayerReader(ImmutableArray<AttentionCore> cores, LinearLayers layers)
    {
        _cores = cores;
        _layers = layers;
        for (var number = 0; number < cores.Length; number++)
            _coreNumbers.TryAdd(cores[number].Node, number);
    }

    /// <summary>
    /// The sub-layers of one addition: two where attention and feed-forward are side by side (GPT-J, GPT-NeoX, Phi) and
    /// the sum of both is added at once.
    /// </summary>
    public IEnumerable<SubLayer> Read(Value part, HashSet<Node> nodes, Value stream)
    {
        var root = Dataflow.FlatRoot(part);
        if (root.Producer is { Operator.OperatorType: "Add" } sum && CoreAmong(nodes) is not null)
        {
            var sides = sum
                .Inputs.OfType<Value>()
                .Where(side => !GraphConstants.IsConstant(side))
                .Select(side => (Side: side, Nodes: NodesBefore(side, nodes)))
                .ToList();
            if (
                sides.Count == 2
                && sides.Count(side => CoreAmong(side.Nodes) is not null) == 1
                && sides.All(side => side.Nodes.Any(node => _layers.TryGet(node, out _)))
            )
            {
                foreach (var (side, inner) in sides.OrderBy(side => CoreAmong(side.Nodes) is null))
                    yield return Describe(side, inner, stream);
                yield break;
            }
        }

        yield return Describe(part, nodes, stream);
    }

    private SubLayer Describe(Value part, HashSet<Node> nodes, Value stream)
    {
        var core = CoreAmong(nodes);
        return new SubLayer
        {
            Stream = stream,
            Part = part,
            Result = part,
            Nodes = nodes,
            Core = core,
            Kind =
                core is null ? KindOf(nodes)
                : IsCross(core, nodes, stream) ? SubLayerKind.CrossAttention
                : SubLayerKind.Attention,
        };
    }

    // A state space projects its scan's parameters too (Mamba: four linear layers). Over pixels, a convolution is part
    // of a feed-forward (Segformer); over positions it is a module of its own (Conformer).
    private SubLayerKind KindOf(HashSet<Node> nodes)
    {
        if (nodes.Any(RecurrentOperators.Is))
            return SubLayerKind.Recurrence;
        var convolutions = nodes.Where(SubLayer.IsConvolution).ToList();
        var linear = _layers.Among(nodes).Count;
        if (convolutions.Count == 0)
            return linear == 0 && nodes.Any(SubLayer.IsPooling) ? SubLayerKind.Pooling : SubLayerKind.FeedForward;
        var isOverPixels = convolutions.TrueForAll(node => GraphConstants.Dimensions(node.Inputs[1]!) is { Length: 4 });
        return linear >= LinearLayersOfPixels && isOverPixels ? SubLayerKind.FeedForward
            : linear >= LinearLayersOfMixer ? SubLayerKind.Mixer
            : SubLayerKind.Convolution;
    }

    // Queries and keys are made from one stream in self-attention; only a cache can hold keys made elsewhere.
    private bool IsCross(AttentionCore core, HashSet<Node> nodes, Value stream)
    {
        if (FusedOperators.IsPackedAttention(core.Node) || _layers.ProjectionOf(core.Query) is not { } queries)
            return false;
        return _layers.ProjectionOf(core.Key) is not { } keys
            || (
                Dataflow.FlatRoot(queries.Layer.Input) != Dataflow.FlatRoot(keys.Layer.Input)
                && !IsMadeOf(Dataflow.FlatRoot(stream), keys.Layer.Input, nodes)
            );
    }

    // Keys may be made of fewer positions than queries (Segformer), with operators of their own before the projection.
    private static bool IsMadeOf(Value root, Value value, HashSet<Node> among)
    {
        var (seen, open) = (new HashSet<Value>(), new Stack<Value>([value]));
        while (open.TryPop(out var at))
        {
            if (at == root)
                return true;
            if (!seen.Add(at) || at.Producer is not { } producer || !among.Contains(producer))
                continue;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return false;
    }

    private static HashSet<Node> NodesBefore(Value value, HashSet<Node> among)
    {
        var found = new HashSet<Node>();
        var open = new Stack<Value>([value]);
        while (open.TryPop(out var at))
        {
            if (at.Producer is not { } producer || !among.Contains(producer) || !found.Add(producer))
                continue;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return found;
    }

    private AttentionCore? CoreAmong(HashSet<Node> nodes)
    {
        var first = _cores.Length;
        foreach (var node in nodes)
        {
            if (_coreNumbers.TryGetValue(node, out var number))
                first = Math.Min(first, number);
        }

        return first < _cores.Length ? _cores[first] : null;
    }
}
