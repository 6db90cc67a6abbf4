using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Removal;

/// <summary>
/// Which entries of which values go when some entries of one value go: found by going from node to node, in both
/// directions, until linear layers, caches and fused attentions are reached.
/// </summary>
internal sealed class RemovalPlan
{
    private readonly Graph _graph;
    private readonly LinearLayers _layers;
    private readonly string _what;
    private readonly Dictionary<Value, AxisMark> _marks = [];
    private readonly Dictionary<(Node Node, int Input), AxisMark> _constants = [];
    private readonly Dictionary<Node, AxisMark> _columns = [];
    private readonly Dictionary<Node, AxisMark> _rows = [];
    private readonly HashSet<Node> _nodes = [];
    private readonly List<Node> _splits = [];
    private readonly HashSet<Node> _joined = [];
    private readonly Queue<Value> _next = new();

    private RemovalPlan(Graph graph, TypeInference types, LinearLayers layers, string what) =>
        (_graph, Types, _layers, _what) = (graph, types, layers, what);

    /// <summary>The types of the graph's values, as they were.</summary>
    public TypeInference Types { get; }

    /// <summary>What goes, for messages.</summary>
    public string What => _what;

    /// <summary>The axes that become shorter, by value.</summary>
    public IReadOnlyDictionary<Value, AxisMark> Marks => _marks;

    /// <summary>The constants that nodes read, and what stays of them.</summary>
    public IReadOnlyDictionary<(Node Node, int Input), AxisMark> Constants => _constants;

    /// <summary>Which columns of which linear layers stay.</summary>
    public IReadOnlyDictionary<Node, AxisMark> Columns => _columns;

    /// <summary>Which rows of which linear layers stay.</summary>
    public IReadOnlyDictionary<Node, AxisMark> Rows => _rows;

    /// <summary>The nodes between, whose shapes and attributes may say how many entries there are.</summary>
    public IReadOnlySet<Node> Nodes => _nodes;

    /// <summary>Finds what goes with some entries of a value.</summary>
    /// <exception cref="InterventionException">They cannot go; the message has the reason.</exception>
    public static RemovalPlan Of(
        Graph graph,
        TypeInference types,
        LinearLayers layers,
        Value value,
        AxisMark mark,
        string what
    )
    {
        var plan = new RemovalPlan(graph, types, layers, what);
        plan.Mark(value, mark);
        plan.Spread();
        return plan;
    }

    /// <summary>The sizes of a value, null for those that are not known; null where not even their number is.</summary>
    public long?[]? SizesOf(Value value) =>
        Types.FactsOf(value).Axes is { } axes ? [.. axes.Select(size => size.Number)] : null;

    /// <summary>What stays of a value; null where nothing goes.</summary>
    public AxisMark? MarkOf(Value? value) => value is null ? null : _marks.GetValueOrDefault(value);

    /// <summary>Says what stays of a value.</summary>
    public void Mark(Value value, AxisMark mark)
    {
        if (_marks.TryGetValue(value, out var known))
        {
            if (!known.IsSameAs(mark))
                throw Refusal(
                    $"'{value.Name}' would lose other entries for one of its readers than for another (heads that "
                        + "share keys and values go together, all of a group or as many of each)"
                );
            return;
        }

        _marks.Add(value, mark);
        _next.Enqueue(value);
    }

    /// <summary>Says what stays of what a node reads: a value, or a constant, of which it gets its own.</summary>
    public void MarkInput(Node node, int input, AxisMark mark)
    {
        var value = node.Inputs[input]!;
        if (GraphConstants.IsConstant(value))
            _constants[(node, input)] = mark;
        else
            Mark(value, mark);
    }

    /// <summary>The exception of what cannot be removed.</summary>
    public InterventionException Refusal(string reason) => Refusal(_what, reason);

    /// <summary>The exception of what cannot be removed.</summary>
    public static InterventionException Refusal(string what, string reason) =>
        new($"{what} cannot be removed: {reason}. Leave --remove out: its weights become zeros then.");

    private void Spread()
    {
        while (true)
        {
            while (_next.TryDequeue(out var value))
            {
                foreach (var use in value.Uses.ToList())
                    Visit(use.Node, value, use.InputIndex);
                if (value.Producer is { } producer)
                    Visit(producer, value, null);
            }

            // What is packed in one value is known when all of its parts are.
            if (_splits.Count == 0)
                return;
            var split = _splits[0];
            _splits.RemoveAt(0);
            _joined.Add(split);
            SpreadRules.JoinParts(this, split);
        }
    }

    private void Visit(Node node, Value value, int? input)
    {
        if (node.Operator.OperatorType == "Shape")
            return;
        if (node.Graph != _graph)
            throw Refusal($"{node} is inside a branch or a loop");
        var mark = _marks[value];
        if (_layers.TryGet(node, out _))
        {
            AddLayer(node, value, mark, input);
            return;
        }

        _nodes.Add(node);
        if (input is 0 && _joined.Contains(node))
            return;
        if (SpreadRules.IsSplitOf(node, value, input, mark))
        {
            if (!_splits.Contains(node))
                _splits.Add(node);
            return;
        }

        SpreadRules.Spread(this, node, value, mark);
    }

    private void AddLayer(Node node, Value value, AxisMark mark, int? input)
    {
        if (mark.Repeats || mark.Axis != (Types.RankOf(value) ?? -1) - 1 || input is > 0)
            throw Refusal($"{node} reads or computes it along another axis than the last");
        var sides = input is null ? _columns : _rows;
        if (sides.TryGetValue(node, out var known) && !known.IsSameAs(mark))
            throw Refusal($"{node} would lose other entries for one reader than for another");
        sides[node] = mark;
    }
}
