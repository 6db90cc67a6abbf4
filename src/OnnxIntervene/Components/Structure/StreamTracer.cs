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
    private const int MostStepsPerNode = 32;
    private const int FewSteps = 10_000;

    // What stands between a stream and a layer's product: a norm, and a few arrangements.
    private const int MostBeforeLayer = 12;

    private readonly Dictionary<Node, int> _order;
    private readonly LinearLayers _layers;
    private readonly SubLayerReader _reader;
    private readonly HashSet<Node> _cores;
    private readonly Dictionary<Value, Value> _streams = [];
    private long _steps;

    public StreamTracer(Graph graph, ImmutableArray<AttentionCore> cores, LinearLayers layers)
    {
        _layers = layers;
        _reader = new SubLayerReader(cores, layers);
        _cores = [.. cores.Select(core => core.Node)];
        _order = new Dictionary<Node, int>(graph.NodeCount);
        foreach (var node in graph.Nodes)
            _order.Add(node, _order.Count);
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

    private Value StreamAt(Value root)
    {
        var at = root;
        for (var depth = 0; depth < MostBeforeLayer; depth++)
        {
            if (NextAddition(at, new PassedStreams()) is not null)
                return at;
            if (BeforeLayer(at) is not { } before)
                break;
            at = Dataflow.FlatRoot(before);
        }

        return Norms.InputOf(root) is { } input ? Dataflow.FlatRoot(input) : root;
    }

    // A norm; or windows, pixels of a convolution, and other arrangements that come before a layer's own product.
    private static Value? BeforeLayer(Value value) =>
        Norms.InputOf(value)
        ?? (value.Producer is { } producer && Rearrangement.Moves(producer) ? producer.InputOrNull(0) : null);

    /// <summary>Every sub-layer from here on, in the order of a forward pass.</summary>
    public IEnumerable<SubLayer> From(Value start)
    {
        var (stream, earlier) = (start, new PassedStreams());
        var way = new Way(start, NextAddition(start, earlier), false, false);
        while (way.Next is { } addition)
        {
            earlier.Add(stream);
            way = Following(addition.Output, earlier, way);
            // Of several in one sum, attention comes first, as where their sum is added.
            foreach (
                var layer in addition
                    .Parts.SelectMany(part => _reader.Read(part.Value, part.Nodes, stream))
                    .OrderBy(part => addition.Parts.Length > 1 && part.Core is null)
            )
            {
                yield return layer with
                {
                    Addition = addition.Sum,
                    Sum = way.IsGuarded ? StreamGuards.After(addition.Output) : addition.Output,
                    Result = way.Result,
                    IsPostNorm = way.IsPostNorm,
                    IsLast = way.Next is null,
                };
            }

            stream = Dataflow.FlatRoot(way.Result);
        }
    }

    // The stream goes on as the sum, or as the sum's norm; what follows tells, and at the end what went before.
    private Way Following(Value sum, PassedStreams earlier, Way before)
    {
        var guarded = StreamGuards.After(sum);
        if (NextAddition(guarded, earlier) is { } next)
            return new Way(guarded, next, before.IsPostNorm, before.IsGuarded || guarded != sum);
        if (NormOf(guarded) is { } plain)
        {
            var norm = StreamGuards.After(plain);
            if (NextAddition(Dataflow.FlatRoot(norm), earlier) is { } other)
                return new Way(norm, other, true, before.IsGuarded || guarded != sum || norm != plain);
            if (before.IsPostNorm)
                return new Way(before.IsGuarded ? norm : plain, null, true, before.IsGuarded);
        }

        return new Way(before.IsGuarded ? guarded : sum, null, before.IsPostNorm, before.IsGuarded);
    }

    /// <summary>
    /// The output of the norm of a sum, which may be reshaped before it (OPT-350m adds on [batch × position, width]);
    /// null when no norm reads it.
    /// </summary>
    public static Value? NormOf(Value sum) =>
        Arranged(sum).Select(Norms.OutputOf).FirstOrDefault(norm => norm is not null);

    private Addition? NextAddition(Value stream, PassedStreams earlier)
    {
        var root = Dataflow.FlatRoot(stream);
        Reachability? known = null;
        // What reads the stream inside a branch or a loop is not a part of this graph.
        foreach (
            var node in Readers(stream)
                .Where(node => node.Operator.OperatorType is "Add" or "Sum" or "Sub" && _order.ContainsKey(node))
                .OrderBy(node => _order[node])
        )
        {
            for (var side = 0; side < node.Inputs.Count; side++)
            {
                if (!Dataflow.IsOrScales(node.Inputs[side]!, root))
                    continue;
                var added = AddedTo(node, side);
                if (added.IsEmpty || added.Any(part => known?.Joins(part) is false))
                    continue;
                if (PartsOf(root, earlier, added) is { } parts)
                    return new Addition(node, parts);
                known ??= new Reachability(this, root, earlier);
            }
        }

        return null;
    }

    // What a sum adds to one of its terms. A difference adds what is negated before it.
    private static ImmutableArray<Value> AddedTo(Node sum, int side) =>
        sum.Operator.OperatorType == "Sub"
            ? side == 0 && sum.Inputs[1]?.Producer is { Operator.OperatorType: "Neg" } negated
                ? [negated.Inputs[0]!]
                : []
            : [.. sum.Inputs.Where((_, index) => index != side).OfType<Value>()];

    private ImmutableArray<Part>? PartsOf(Value root, PassedStreams earlier, ImmutableArray<Value> added)
    {
        var parts = ImmutableArray.CreateBuilder<Part>();
        foreach (var value in added)
        {
            if (NodesBetween(root, earlier, value) is not { } nodes || !nodes.Any(IsLayer))
                return null;
            parts.Add(new Part(value, nodes));
        }

        return parts.ToImmutable();
    }

    private bool IsLayer(Node node) =>
        _layers.TryGet(node, out _)
        || FusedOperators.IsAttention(node)
        || _cores.Contains(node)
        || SubLayer.IsConvolution(node)
        || SubLayer.MixesPositions(node);

    // The nodes that the part is made of, as far back as the stream; null when the stream is not behind it.
    private HashSet<Node>? NodesBetween(Value root, PassedStreams earlier, Value part)
    {
        var first = Index(earlier.Last ?? root);
        var (isBehind, beside) = (new Dictionary<Value, bool>(), new Stack<Value>());
        var (nodes, open) = (new HashSet<Node>(), new Stack<(Value Value, bool IsEntered)>([(part, false)]));
        while (open.TryPop(out var top) && --_steps > 0)
        {
            if (top.IsEntered)
                Leave(top.Value);
            else if (top.Value == root || earlier.Contains(top.Value))
                isBehind[top.Value] = top.Value == root || top.Value == earlier.Last;
            else if (
                Index(top.Value) >= first
                && top.Value.Producer is { } producer
                && isBehind.TryAdd(top.Value, false)
            )
            {
                open.Push((top.Value, true));
                foreach (var input in Dataflow.DataInputs(producer))
                    open.Push((input, false));
            }
        }

        AddBeside(nodes, beside, first);
        return isBehind.GetValueOrDefault(part) && _steps > 0 ? nodes : null;

        void Leave(Value value)
        {
            var inputs = Dataflow.DataInputs(value.Producer!).ToList();
            if (!(isBehind[value] = inputs.Exists(input => isBehind.GetValueOrDefault(input))))
                return;
            nodes.Add(value.Producer!);
            foreach (var input in inputs.Where(input => !isBehind.GetValueOrDefault(input)))
                beside.Push(input);
        }
    }

    // What else the nodes read belongs to them as far as the linear layer that projects it: the keys and values of an
    // encoder do, the encoder does not.
    private void AddBeside(HashSet<Node> nodes, Stack<Value> open, int first)
    {
        while (open.TryPop(out var value) && --_steps > 0)
        {
            if (value.Producer is not { } producer || Index(value) < first || !nodes.Add(producer) || IsLayer(producer))
                continue;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }
    }

    private int Index(Value value) => value.Producer is { } producer ? _order.GetValueOrDefault(producer, -1) : -1;

    // The value, and what casts and reshapes make of it.
    private static IEnumerable<Value> Arranged(Value value)
    {
        var open = new Queue<(Value Value, int Depth)>([(value, 0)]);
        while (open.TryDequeue(out var at))
        {
            yield return at.Value;
            if (at.Depth == Dataflow.LongestChain)
                continue;
            foreach (var use in at.Value.Uses.Where(IsArrangement))
                open.Enqueue((use.Node.Output, at.Depth + 1));
        }
    }

    private static bool IsArrangement(Use use) =>
        Dataflow.IsTransparent(use.Node) || use is { InputIndex: 0, Node.Operator.OperatorType: "Reshape" };

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
                    && (IsArrangement(use) || Dataflow.ScaledInput(use.Node) == use.InputIndex)
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

    // How a stream goes on after an addition: as what, to which next one, and what was seen in it so far.
    private sealed record Way(Value Result, Addition? Next, bool IsPostNorm, bool IsGuarded);

    private readonly record struct Part(Value Value, HashSet<Node> Nodes);

    private sealed record Addition(Node Sum, ImmutableArray<Part> Parts)
    {
        public Value Output => Sum.Output;
    }
}
