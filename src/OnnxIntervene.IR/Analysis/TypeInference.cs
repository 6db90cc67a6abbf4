using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Element types and shapes of a graph's values, from the operators' rules and what the file states. What neither
/// determines stays unknown. Each value is worked out once, when it or what depends on it is first asked for: O(nodes)
/// for all. Not for several threads; a change of the graph that changes shapes needs a new one.
/// </summary>
internal sealed class TypeInference
{
    private readonly Dictionary<Value, TensorFacts> _facts = [];
    private readonly Dictionary<Value, ElementType> _types = [];
    private readonly Dictionary<Value, Node> _loops = [];
    private readonly TypeInference? _outer;
    private readonly IReadOnlyDictionary<string, long> _numbers;
    private readonly Counter _hidden;

    /// <summary>What the graph determines for any inputs.</summary>
    public TypeInference()
        : this(null, new Dictionary<string, long>(), new Counter()) { }

    private TypeInference(TypeInference? outer, IReadOnlyDictionary<string, long> numbers, Counter hidden) =>
        (_outer, _numbers, _hidden) = (outer, numbers, hidden);

    /// <summary>
    /// What the graph determines when it is run on these inputs: their shapes are numbers then, and so are those of
    /// most values. Inputs that are not given stay as the file has them.
    /// </summary>
    public static TypeInference Bind(Graph graph, IReadOnlyDictionary<string, BoundInput> inputs)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(inputs);
        var given = graph.Inputs.Where(input => inputs.ContainsKey(input.Name)).ToList();
        var inference = new TypeInference(null, SymbolNumbers.Of(given, inputs), new Counter());
        foreach (var input in given)
            inference._facts[input] = inputs[input.Name].ToFacts();
        return inference;
    }

    /// <summary>The element type; <see cref="ElementType.Undefined"/> when unknown.</summary>
    public ElementType ElementTypeOf(Value value)
    {
        var path = new List<Value>();
        var type = ElementType.Undefined;
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
        // An explicit stack: graphs are deeper than the thread's stack allows.
        var (waiting, entered) = (new Stack<Value>([value]), new HashSet<Value>());
        while (waiting.TryPeek(out var at))
        {
            var isOpen = Known(at) is null && entered.Add(at);
            var missing = isOpen ? Dependencies(at).Where(other => Known(other) is null).ToList() : [];
            foreach (var other in missing)
                waiting.Push(other);
            if (missing.Count > 0)
                continue;
            waiting.Pop();
            if (Known(at) is null)
                Infer(at);
        }

        return _facts[value];
    }

    private TensorFacts? Known(Value value) => _facts.GetValueOrDefault(value) ?? _outer?.Known(value);

    private static (ElementType Type, Value? Next) TypeStep(Value value)
    {
        if (value.Type is { ElementType: not ElementType.Undefined and var declared })
            return (declared, null);
        if (value.Initializer is { } data)
            return (data.ElementType, null);
        if (value.Producer is not { } producer)
            return (ElementType.Undefined, LoopInputOf(value));
        if (RuleTable.Find(producer.Operator) is not { } rule)
            return (ElementType.Undefined, null);
        var origin = rule.Type(producer, OutputIndex(value, producer));
        return (origin.Type, origin.Same);
    }

    // A loop hands its inputs to its body's inputs of the same numbers.
    private static Value? LoopInputOf(Value value) =>
        LoopBody.OwnerOf(value) is { } owner && ControlFlowRules.IsLoop(owner)
            ? owner.InputOrNull(owner.Subgraphs.First().Inputs.ToList().IndexOf(value))
            : null;

    private IEnumerable<Value> Dependencies(Value value)
    {
        if (value.Initializer is not null)
            return [];
        if (value.Producer is { } producer)
            return RuleTable.Find(producer.Operator) is null ? [] : Read(producer);
        return LoopOf(value) is { } owner ? Read(owner, withResults: false) : [];
    }

    private IEnumerable<Value> Read(Node node, bool withResults = true)
    {
        var read = node.Inputs.OfType<Value>();
        if (node.Attributes.Count == 0 || !node.Subgraphs.Any())
            return read;
        if (!ControlFlowRules.IsLoop(node))
            return read.Concat(node.Subgraphs.SelectMany(branch => branch.Outputs));
        var body = node.Subgraphs.First();
        foreach (var input in body.Inputs)
            _loops[input] = node;
        read = read.Concat(LoopBody.Captured(body));
        return withResults ? read.Concat(body.Inputs).Concat(body.Outputs) : read;
    }

    private Node? LoopOf(Value value) =>
        _loops.GetValueOrDefault(value)
        ?? (LoopBody.OwnerOf(value) is { } owner && ControlFlowRules.IsLoop(owner) ? owner : null);

    private void Infer(Value value)
    {
        if (value.Initializer is { } data)
            _facts[value] = ConstantRules.Of(data);
        else if (value.Producer is { } producer)
            _facts[value] = Completed(ByRule(producer, value), value);
        else if (LoopOf(value) is { } owner)
            Settle(owner);
        _facts.TryAdd(value, Completed(TensorFacts.Unknown, value));
    }

    private TensorFacts ByRule(Node producer, Value value) =>
        RuleTable.Find(producer.Operator) is { } rule
            ? rule.Facts(Seen(producer), OutputIndex(value, producer))
            : TensorFacts.Unknown;

    private NodeFacts Seen(Node node) => new(node, input => Known(input) ?? TensorFacts.Unknown);

    // A size that the file names keeps that name.
    private static Dimension Shown(Quantity size, Dimension declared) =>
        size.Number is null && declared.Symbol is { Length: > 0 } ? declared : size.ToDimension();

    private void Settle(Node owner)
    {
        var body = owner.Subgraphs.First();
        var settled = new LoopBody(owner, body, value => Known(value) ?? TensorFacts.Unknown).Settle(given =>
        {
            var inner = new TypeInference(this, _numbers, _hidden);
            foreach (var (input, facts) in given)
                inner._facts[input] = inner.Completed(facts, input);
            return [.. body.Outputs.Select(inner.FactsOf)];
        });
        foreach (var (input, facts) in body.Inputs.Zip(settled))
            _facts[input] = Completed(facts, input);
    }

    // What the rule leaves open the file may state. What is left still gets a new name, so that what is computed from
    // it and divided by it again is known.
    private TensorFacts Completed(TensorFacts facts, Value value)
    {
        var declared = value.Type?.Shape?.Dimensions.Select(size => Quantity.From(size).With(_numbers)).ToArray();
        if ((facts.Axes ?? declared) is not { } axes)
            return facts;
        var sizes = axes.ToArray();
        for (var axis = 0; axis < sizes.Length; axis++)
        {
            if (declared?.Length == sizes.Length)
                sizes[axis] = Better(sizes[axis], declared[axis]);
            if (!sizes[axis].IsKnown)
                sizes[axis] = Quantity.Hidden(_hidden.Next());
        }

        return facts with
        {
            Axes = sizes,
        };
    }

    private static Quantity Better(Quantity inferred, Quantity declared) =>
        inferred.Number is not null || !declared.IsKnown ? inferred
        : declared.Number is not null || !inferred.IsKnown || inferred.IsHidden ? declared
        : inferred;

    private static int OutputIndex(Value value, Node producer)
    {
        for (var index = 0; index < producer.Outputs.Count; index++)
        {
            if (producer.Outputs[index] == value)
                return index;
        }

        return 0;
    }

    private sealed class Counter
    {
        private int _count;

        public int Next() => _count++;
    }
}
