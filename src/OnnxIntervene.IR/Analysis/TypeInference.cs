using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Element types and shapes of a graph's values, from the operators' rules and what the file states. What neither
/// determines stays unknown. Each value is worked out once, when it or what depends on it is first asked for: O(nodes)
/// for all. Not for several threads; a change of the graph that changes shapes needs a new one.
/// </summary>
internal sealed class TypeInference
{
    // Stands for a value that is being worked out.
    private static readonly TensorFacts s_open = new((Quantity[]?)null);

    private readonly Dictionary<Value, TensorFacts> _facts = [];
    private readonly Dictionary<Value, ElementType> _types = [];
    private readonly HashSet<Node> _entered = [];
    private readonly Stack<Value> _waiting = new();
    private readonly BodyInputs _bodies = new();
    private readonly Func<Value, TensorFacts> _seen;
    private readonly TypeInference? _outer;
    private readonly FileSizes _sizes;
    private readonly LoopRecords _loops;

    /// <summary>What the graph determines for any inputs.</summary>
    public TypeInference()
        : this(null, new FileSizes(new Dictionary<string, long>()), new LoopRecords()) { }

    private TypeInference(TypeInference? outer, FileSizes sizes, LoopRecords loops)
    {
        (_outer, _sizes, _loops) = (outer, sizes, loops);
        _seen = value => Known(value) ?? TensorFacts.Unknown;
    }

    /// <summary>
    /// What the graph determines when it is run on these inputs: their shapes are numbers then, and so are those of
    /// most values. Inputs that are not given stay as the file has them.
    /// </summary>
    public static TypeInference Bind(Graph graph, IReadOnlyDictionary<string, BoundInput> inputs)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(inputs);
        var given = graph.Inputs.Where(input => inputs.ContainsKey(input.Name)).ToList();
        var inference = new TypeInference(null, new FileSizes(SymbolNumbers.Of(given, inputs)), new LoopRecords());
        foreach (var input in given)
            inference._facts[input] = inputs[input.Name].ToFacts();
        return inference;
    }

    /// <summary>
    /// What the graph determines where axes of its inputs have other names than in the file, or names in place of
    /// numbers. What the file tells of other tensors counts only where the operators do not tell.
    /// </summary>
    /// <param name="graph">The main graph.</param>
    /// <param name="label">The name of an input's axis; null for what the file tells.</param>
    public static TypeInference Trace(Graph graph, Func<Value, int, string?> label)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(label);
        var sizes = new FileSizes(new Dictionary<string, long>(), prefersInferred: true);
        var inference = new TypeInference(null, sizes, new LoopRecords());
        foreach (var input in graph.Inputs.Where(input => !input.IsConstant && input.Type?.Shape is not null))
        {
            inference._facts[input] = new TensorFacts([
                .. input.Type!.Shape!.Dimensions.Select(
                    (size, axis) => label(input, axis) is { } name ? Quantity.Named(name) : sizes.Of(size)
                ),
            ]);
        }

        return inference;
    }

    /// <summary>The element type; <see cref="ElementType.Undefined"/> when unknown.</summary>
    public ElementType ElementTypeOf(Value value)
    {
        if (_types.TryGetValue(value, out var type))
            return type;
        var path = new List<Value>();
        for (var at = value; at is not null; )
        {
            if (_types.TryGetValue(at, out type))
                break;
            // A value that is asked for again while it is being inferred is a cycle, which determines nothing.
            _types.Add(at, ElementType.Undefined);
            path.Add(at);
            (type, at) = TypeStep(at);
        }

        foreach (var passed in path)
            _types[passed] = type;
        return type;
    }

    /// <summary>
    /// The shape, sizes that are not known left open; null when not even the number of axes is known.
    /// </summary>
    public Shape? ShapeOf(Value value)
    {
        if (FactsOf(value).Axes is not { } axes)
            return null;
        var declared = value.Type?.Shape is { } shape && shape.Rank == axes.Length ? shape : null;
        return new Shape([.. axes.Select((size, axis) => Shown(size, declared?[axis] ?? Dimension.Unknown))]);
    }

    /// <summary>The element type with the shape as far as it is known; null where the element type is not.</summary>
    internal TensorType? TypeOf(Value value) =>
        ElementTypeOf(value) is not ElementType.Undefined and var element
            ? new TensorType(element, ShapeOf(value))
            : null;

    /// <summary>How many axes the value has; null when unknown.</summary>
    public int? RankOf(Value value) => FactsOf(value).Axes?.Length;

    /// <summary>The size of the value's last axis; 0 when unknown.</summary>
    public int WidthOf(Value value) =>
        FactsOf(value).Axes is { Length: > 0 } axes && axes[^1].Number is > 0 and var width
            ? (int)Math.Min(width, int.MaxValue)
            : 0;

    /// <summary>
    /// The numbers of a small tensor of integers, null where one of them is only known when the graph runs; null
    /// altogether when they are not followed.
    /// </summary>
    public long?[]? IntegersOf(Value value) => FactsOf(value).Contents?.Select(item => item.Number).ToArray();

    /// <summary>The shape as text: <c>[batch, ?, 32]</c>.</summary>
    public string TextOf(Value value) => ShapeOf(value)?.ToString() ?? "?";

    /// <summary>How many steps a Loop or Scan takes; null when only running it shows it.</summary>
    public long? StepsOf(Node loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        foreach (var input in loop.Inputs.OfType<Value>())
            FactsOf(input);
        return ControlFlowRules.StepsOf(Seen(loop)).Number;
    }

    /// <summary>The number of the subgraph that an If runs; -1 when only running it shows it.</summary>
    public int BranchOf(Node choice)
    {
        ArgumentNullException.ThrowIfNull(choice);
        if (choice.InputOrNull(0) is not { } condition || FactsOf(condition).Contents is not [{ Number: { } number }])
            return -1;
        var name = number != 0 ? ControlFlowRules.ThenBranch : ControlFlowRules.ElseBranch;
        return choice
            .Attributes.Where(attribute => attribute.Subgraphs.Any())
            .ToList()
            .FindIndex(attribute => attribute.Name == name);
    }

    internal TensorFacts FactsOf(Value value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Known(value) is { } known)
            return known;
        // A stack of our own: graphs are deeper than the thread's.
        var others = _waiting.Count;
        _waiting.Push(value);
        while (_waiting.Count > others)
        {
            var at = _waiting.Peek();
            if (Known(at) is null)
            {
                // Met again, it has all that it depends on, or lies on a circle.
                if (_facts.TryAdd(at, s_open) && Await(at))
                    continue;
                Infer(at);
            }

            _waiting.Pop();
        }

        return _facts[value];
    }

    private TensorFacts? Known(Value value) =>
        _facts.TryGetValue(value, out var facts) ? (facts == s_open ? null : facts) : _outer?.Known(value);

    private (ElementType Type, Value? Next) TypeStep(Value value)
    {
        if (value.Type is { ElementType: not ElementType.Undefined and var declared })
            return (declared, null);
        if (value.Initializer is { } data)
            return (data.ElementType, null);
        // A loop hands its inputs to its body's inputs of the same numbers.
        if (value.Producer is not { } producer)
            return (ElementType.Undefined, _bodies.Find(value) is var (owner, index) ? owner.InputOrNull(index) : null);
        if (RuleTable.Find(producer.Operator) is not { } rule)
            return (ElementType.Undefined, null);
        var origin = rule.Type(producer, value.OutputIndex);
        return (origin.Type, origin.Same);
    }

    // Puts what a value depends on, and is not known, on the stack; false where all of it is known.
    private bool Await(Value value)
    {
        var before = _waiting.Count;
        if (value.Initializer is null && value.Producer is { } producer)
        {
            if (RuleTable.Find(producer.Operator) is not null)
                AwaitInputs(producer);
        }
        else if (value.Initializer is null && _bodies.Find(value) is var (owner, _))
        {
            AwaitOutside(owner);
        }

        return _waiting.Count > before;
    }

    private void AwaitInputs(Node node)
    {
        // All outputs of a node depend on the same, which is looked through once.
        if (node.Outputs.Count > 1 && !_entered.Add(node))
            return;
        // The last are worked out first: what is settled for a body's inputs tells its outputs too.
        foreach (var graph in node.Subgraphs)
        {
            _bodies.Add(node, graph);
            Await(graph.Outputs);
            Await(ControlFlowRules.IsLoop(node) ? graph.Inputs : []);
        }

        AwaitOutside(node);
    }

    // What a node reads, and what a loop's body reads around it.
    private void AwaitOutside(Node node)
    {
        Await(node.Inputs);
        if (ControlFlowRules.IsLoop(node))
        {
            foreach (var graph in node.Subgraphs)
                Await(_loops.Captured(graph));
        }
    }

    private void Await(IReadOnlyList<Value?> values)
    {
        for (var index = 0; index < values.Count; index++)
        {
            if (values[index] is { } value && Known(value) is null)
                _waiting.Push(value);
        }
    }

    private void Infer(Value value)
    {
        if (value.Initializer is { } data)
            _facts[value] = ConstantRules.Of(data);
        else if (value.Producer is { } producer)
            _facts[value] = Completed(ByRule(producer, value), value);
        else if (_bodies.Find(value) is var (owner, _))
            Settle(owner);
        if (Known(value) is null)
            _facts[value] = Completed(TensorFacts.Unknown, value);
    }

    private TensorFacts ByRule(Node producer, Value value) =>
        RuleTable.Find(producer.Operator) is { } rule
            ? rule.Facts(Seen(producer), value.OutputIndex)
            : TensorFacts.Unknown;

    private NodeFacts Seen(Node node) => new(node, _seen);

    private TensorFacts Completed(TensorFacts facts, Value value) => _sizes.Completed(facts, value.Type?.Shape);

    // A size that the file names keeps that name.
    private static Dimension Shown(Quantity size, Dimension declared) =>
        size.Number is null && declared.Symbol is { Length: > 0 } ? declared : size.ToDimension();

    private void Settle(Node owner)
    {
        var body = owner.Subgraphs.First();
        TypeInference? last = null;
        var (settled, holds) = new LoopBody(owner, body, _seen).Settle(
            given =>
            {
                last = new TypeInference(this, _sizes, _loops);
                foreach (var (input, facts) in given)
                    last._facts[input] = last.Completed(facts, input);
                return [.. body.Outputs.Select(last.FactsOf)];
            },
            _loops
        );
        // What the last round found holds for every step: it need not be found again.
        foreach (var (value, facts) in holds ? last!._facts : [])
            _facts[value] = facts;
        foreach (var (input, facts) in body.Inputs.Zip(settled))
            _facts[input] = Completed(facts, input);
    }
}
