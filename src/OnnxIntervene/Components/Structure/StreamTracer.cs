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
    // Sub-layers follow each other, so that a node is met a few times. A graph where all hangs together with all is not
    // made of layers.
    private const int MostStepsPerNode = 16;
    private const int FewSteps = 10_000;

    private readonly Dictionary<Node, int> _order;
    private readonly ImmutableArray<AttentionCore> _cores;
    private readonly Dictionary<Node, int> _coreNumbers = [];
    private readonly LinearLayers _layers;
    private readonly Dictionary<Value, Value> _streams = [];
    private long _steps;

    public StreamTracer(Graph graph, ImmutableArray<AttentionCore> cores, LinearLayers layers)
    {
        _cores = cores;
        _layers = layers;
        _order = new Dictionary<Node, int>(graph.NodeCount);
        foreach (var node in graph.Nodes)
            _order.Add(node, _order.Count);
        for (var number = 0; number < cores.Length; number++)
            _coreNumbers.TryAdd(cores[number].Node, number);
        _steps = FewSteps + ((long)MostStepsPerNode * graph.NodeCount);
    }

    /// <summary>The stream that a sub-layer's first operator reads, before its norm.</summary>
    public Value StreamOf(Value input)
    {
        var own = Dataflow.FlatRoot(input);
        if (!_streams.TryGetValue(own, out var stream))
            _streams.Add(own, stream = StreamAt(own));
        return stream;
    }

    private Value StreamAt(Value root) =>
        NextAddition(root, new PassedStreams()) is null && Norms.InputOf(root) is { } before
            ? Dataflow.FlatRoot(before)
            : root;

    /// <summary>Every sub-layer from here on, in the order of a forward pass.</summary>
    public IEnumerable<SubLayer> From(Value start)
    {
        var (stream, earlier, isPostNorm) = (start, new PassedStreams(), false);
        for (var next = NextAddition(stream, earlier); next is { } addition; )
        {
            earlier.Add(stream);
            (var result, next, isPostNorm) = Following(addition.Output, earlier, isPostNorm);
            foreach (var layer in Split(addition.Part, addition.Nodes))
            {
                yield return layer with
                {
                    Addition = addition.Sum,
                    Stream = stream,
                    Result = result,
                    IsPostNorm = isPostNorm,
                };
            }

            stream = Dataflow.FlatRoot(result);
        }
    }

    // The stream goes on as the sum, or as the sum's norm; what follows tells, and at the end what went before.
    private (Value Result, Addition? Next, bool IsPostNorm) Following(Value sum, PassedStreams earlier, bool isPostNorm)
    {
        if (NextAddition(sum, earlier) is { } next)
            return (sum, next, isPostNorm);
        if (Norms.OutputOf(sum) is { } norm)
        {
            next = NextAddition(Dataflow.FlatRoot(norm), earlier);
            if (isPostNorm || next is not null)
                return (norm, next, true);
        }

        return (sum, null, isPostNorm);
    }

    private Addition? NextAddition(Value stream, PassedStreams earlier)
    {
        var root = Dataflow.FlatRoot(stream);
        Reachability? known = null;
        // What reads the stream inside a branch or a loop is not a part of this graph.
        foreach (
            var node in Readers(stream)
                .Where(node => node.Operator.OperatorType == "Add" && _order.ContainsKey(node))
                .OrderBy(node => _order[node])
        )
        {
            for (var side = 0; side < 2; side++)
            {
                if (!Dataflow.IsOrScales(node.Inputs[side]!, root))
                    continue;
                var part = node.Inputs[1 - side]!;
                if (known?.Joins(part) is false)
                    continue;
                if (NodesBetween(root, earlier, part) is { } nodes && nodes.Any(IsLayer))
                    return new Addition(node, part, nodes);
                known ??= new Reachability(this, root, earlier);
            }
        }

        return null;
    }

    private bool IsLayer(Node node) => _layers.TryGet(node, out _) || FusedOperators.IsAttention(node);

    // The nodes that the part is made of, as far back as the stream; null when the stream is not behind it.
    private HashSet<Node>? NodesBetween(Value root, PassedStreams earlier, Value part)
    {
        var first = Index(earlier.Last ?? root);
        var nodes = new HashSet<Node>();
        var (isReached, seen, open) = (false, new HashSet<Value>(), new Stack<Value>([part]));
        while (open.TryPop(out var value) && --_steps > 0)
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

        return isReached && _steps > 0 ? nodes : null;
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
        if (FusedOperators.IsPackedAttention(core.Node) || _layers.ProjectionOf(core.Query) is not { } queries)
            return false;
        return _layers.ProjectionOf(core.Key) is not { } keys
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

    private int Index(Value value) => value.Producer is { } producer ? _order.GetValueOrDefault(producer, -1) : -1;

    // Nodes that read the value, directly or through casts, reshapes and scales.
    private static IEnumerable<Node> Readers(Value value)
    {
        var open = new Stack<(Value Value, int Depth)>([(value, 0)]);
        while (open.TryPop(out var at))
        {
            foreach (var use in at.Value.Uses)
            {
                if (
                    at.Depth < Dataflow.LongestChain
                    && (
                        Dataflow.IsTransparent(use.Node)
                        || (use.Node.Operator.OperatorType == "Reshape" && use.InputIndex == 0)
                        || Dataflow.ScaledInput(use.Node) == use.InputIndex
                    )
                )
                    open.Push((use.Node.Output, at.Depth + 1));
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

    // For values behind several additions, whether they are made of the stream, and by a layer; each value is looked at
    // once.
    private sealed class Reachability(StreamTracer tracer, Value root, PassedStreams earlier)
    {
        private readonly Dictionary<Value, (bool IsBehind, bool HasLayer)> _known = [];
        private readonly int _first = tracer.Index(earlier.Last ?? root);

        public bool Joins(Value part)
        {
            var open = new Stack<(Value Value, bool IsEntered)>([(part, false)]);
            while (open.TryPop(out var top) && --tracer._steps > 0)
            {
                if (top.IsEntered)
                    _known[top.Value] = Sum(top.Value.Producer!);
                else if (_known.TryAdd(top.Value, default))
                    Enter(top.Value, open);
            }

            return _known.GetValueOrDefault(part) is (true, true);
        }

        private void Enter(Value value, Stack<(Value, bool)> open)
        {
            if (value == root || earlier.Contains(value))
            {
                _known[value] = (value == root || value == earlier.Last, false);
                return;
            }

            if (value.Producer is not { } producer || tracer.Index(value) < _first)
                return;
            open.Push((value, true));
            foreach (var input in Dataflow.DataInputs(producer).Where(input => !_known.ContainsKey(input)))
                open.Push((input, false));
        }

        private (bool IsBehind, bool HasLayer) Sum(Node producer)
        {
            var sum = (IsBehind: false, HasLayer: tracer.IsLayer(producer));
            foreach (var input in Dataflow.DataInputs(producer))
            {
                var (isReached, hasLayer) = _known.GetValueOrDefault(input);
                sum = (sum.IsBehind || isReached, sum.HasLayer || hasLayer);
            }

            return sum;
        }
    }

    private sealed record Addition(Node Sum, Value Part, HashSet<Node> Nodes)
    {
        public Value Output => Sum.Output;
    }
}
