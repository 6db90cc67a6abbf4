using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Follows a residual stream from addition to addition: an addition belongs to it when one term is the stream and the
/// other was computed from it.
/// </summary>
internal sealed class StreamTracer
{
    private readonly Dictionary<Node, int> _order = [];
    private readonly ImmutableArray<AttentionCore> _cores;
    private readonly LinearLayers _layers;

    public StreamTracer(Graph graph, ImmutableArray<AttentionCore> cores, LinearLayers layers)
    {
        _cores = cores;
        _layers = layers;
        foreach (var node in graph.Nodes)
            _order.Add(node, _order.Count);
    }

    /// <summary>The stream that a sub-layer's first operator reads, before its norm.</summary>
    public Value StreamOf(Value input)
    {
        var own = Dataflow.FlatRoot(input);
        return NextAddition(own, new PassedStreams()) is null && Norms.InputOf(own) is { } before
            ? Dataflow.FlatRoot(before)
            : own;
    }

    /// <summary>Every sub-layer from here on, in the order of a forward pass.</summary>
    public IEnumerable<SubLayer> From(Value start)
    {
        var (stream, earlier, isPostNorm) = (start, new PassedStreams(), false);
        while (NextAddition(stream, earlier) is { } next)
        {
            earlier.Add(stream);
            var sum = next.Output;
            var result = ResultOf(sum, earlier, ref isPostNorm);
            foreach (var layer in Split(next.Part, next.Nodes))
            {
                yield return layer with
                {
                    Addition = next.Sum,
                    Stream = stream,
                    Result = result,
                    IsPostNorm = isPostNorm,
                };
            }

            stream = Dataflow.FlatRoot(result);
        }
    }

    // The stream goes on as the sum, or as the sum's norm; what follows decides, and at the end what came before.
    private Value ResultOf(Value sum, PassedStreams earlier, ref bool isPostNorm)
    {
        if (NextAddition(sum, earlier) is not null)
            return sum;
        if (Norms.OutputOf(sum) is { } norm && (isPostNorm || NextAddition(norm, earlier) is not null))
        {
            isPostNorm = true;
            return norm;
        }

        return sum;
    }

    private Addition? NextAddition(Value stream, PassedStreams earlier)
    {
        // What reads the stream inside a branch or a loop is not a part of this graph.
        foreach (
            var node in Readers(stream)
                .Where(node => node.Operator.OperatorType == "Add" && _order.ContainsKey(node))
                .OrderBy(node => _order[node])
        )
        {
            for (var side = 0; side < 2; side++)
            {
                if (Dataflow.FlatRoot(node.Inputs[side]!) != Dataflow.FlatRoot(stream))
                    continue;
                var part = node.Inputs[1 - side]!;
                if (
                    NodesBetween(stream, earlier, part) is { } nodes
                    && nodes.Any(inner => _layers.TryGet(inner, out _) || FusedOperators.IsAttention(inner))
                )
                    return new Addition(node, part, nodes);
            }
        }

        return null;
    }

    // The nodes that the part is made of, as far back as the stream; null when it was not computed from the stream.
    private HashSet<Node>? NodesBetween(Value stream, PassedStreams earlier, Value part)
    {
        var root = Dataflow.FlatRoot(stream);
        var first = Index(earlier.Last ?? root);
        var nodes = new HashSet<Node>();
        var (isReached, seen, open) = (false, new HashSet<Value>(), new Stack<Value>([part]));
        while (open.TryPop(out var value))
        {
            if (value == root || earlier.Contains(value))
            {
                isReached |= value == root || value == earlier.Last;
                continue;
            }

            if (!seen.Add(value) || value.Producer is not { } producer || Index(value) < first)
                continue;
            nodes.Add(producer);
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return isReached ? nodes : null;
    }

    // Attention and feed-forward side by side (GPT-J, GPT-NeoX, Phi): the sum of both is added at once.
    private IEnumerable<SubLayer> Split(Value part, HashSet<Node> nodes)
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
                    yield return Describe(side, inner);
                yield break;
            }
        }

        yield return Describe(part, nodes);
    }

    private SubLayer Describe(Value part, HashSet<Node> nodes)
    {
        var core = CoreAmong(nodes);
        return new SubLayer
        {
            Stream = part,
            Part = part,
            Result = part,
            Nodes = nodes,
            Core = core,
            IsCross = core is not null && IsCross(core),
        };
    }

    // Queries and keys are made from one tensor in self-attention; only a cache can hold keys made elsewhere.
    private bool IsCross(AttentionCore core)
    {
        if (FusedOperators.IsPackedAttention(core.Node) || Projection.Of(core.Query, _layers) is not { } queries)
            return false;
        return Projection.Of(core.Key, _layers) is not { } keys
            || Dataflow.FlatRoot(queries.Layer.Input) != Dataflow.FlatRoot(keys.Layer.Input);
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

    private AttentionCore? CoreAmong(HashSet<Node> nodes) => _cores.FirstOrDefault(core => nodes.Contains(core.Node));

    private int Index(Value value) => value.Producer is { } producer ? _order.GetValueOrDefault(producer, -1) : -1;

    // Nodes that read the value, directly or through casts and reshapes.
    private static IEnumerable<Node> Readers(Value value)
    {
        var open = new Stack<Value>([value]);
        while (open.TryPop(out var at))
        {
            foreach (var use in at.Uses)
            {
                if (
                    Dataflow.IsTransparent(use.Node)
                    || (use.Node.Operator.OperatorType == "Reshape" && use.InputIndex == 0)
                )
                    open.Push(use.Node.Output);
                else
                    yield return use.Node;
            }
        }
    }

    // The roots of the streams before the current one.
    private sealed class PassedStreams
    {
        private readonly HashSet<Value> _roots = [];

        public Value? Last { get; private set; }

        public void Add(Value stream) => _roots.Add(Last = Dataflow.FlatRoot(stream));

        public bool Contains(Value value) => _roots.Contains(value);
    }

    private sealed record Addition(Node Sum, Value Part, HashSet<Node> Nodes)
    {
        public Value Output => Sum.Output;
    }
}
