namespace OnnxIntervene.IR.Editing;

/// <summary>One call of a local function while its nodes replace the call.</summary>
internal sealed class FunctionCall
{
    // Functions inside functions would have names that grow with each of them.
    private const int LongestPlace = 2_000;

    private readonly Dictionary<Value, Value?> _values = [];
    private readonly Node _call;
    private readonly LocalFunction _function;
    private readonly NameScope _names;
    private readonly string _place;

    private FunctionCall(Node call, LocalFunction function, NameScope names)
    {
        _call = call;
        _function = function;
        _names = names;
        var place = call.Name.Length > 0 ? call.Name : call.Outputs.OfType<Value>().First().Name;
        _place = place.Length <= LongestPlace ? place : place[^LongestPlace..];
    }

    /// <summary>Replaces the call and returns the nodes that replace it.</summary>
    public static List<Node> Expand(Node call, LocalFunction function, NameScope names) =>
        new FunctionCall(call, function, names).Expand();

    private List<Node> Expand()
    {
        var body = _function.Body;
        for (var index = 0; index < body.Inputs.Count; index++)
            _values[body.Inputs[index]] = _call.InputOrNull(index);
        var given = _call.Outputs.ToList();
        _call.ReleaseOutputs();
        var passed = PassOutputs(given);
        List<Node> nodes = [.. body.Nodes.Select(Copy), .. passed.Select(Passed)];
        var after = _call;
        foreach (var node in nodes)
        {
            _call.Graph!.Insert(node, after);
            after = node;
        }

        _call.Graph!.Remove(_call);
        return nodes;
    }

    // What the caller reads becomes what the inner node outputs; the rest, such as an input that is returned, needs a
    // node to output it.
    private List<(Value From, Value To)> PassOutputs(List<Value?> given)
    {
        var passed = new List<(Value, Value)>();
        foreach (var (inner, outer) in _function.Body.Outputs.Zip(given))
        {
            if (outer is null)
                continue;
            if (inner.Producer is null || !_values.TryAdd(inner, outer))
                passed.Add((inner, outer));
        }

        return passed;
    }

    private Node Passed((Value From, Value To) pair)
    {
        var node = new Node(_names.Free($"{_place}/{pair.To.Name}"), new OperatorKey("", "Identity"));
        node.AddInput(Map(pair.From));
        node.AddOutput(pair.To);
        return node;
    }

    private Node Copy(Node node)
    {
        var copy = new Node(node.Name.Length == 0 ? "" : _names.Free($"{_place}/{node.Name}"), node.Operator)
        {
            Overload = node.Overload,
            Metadata = node.Metadata.IsEmpty ? _call.Metadata : node.Metadata,
            Unknown = node.Unknown,
        };
        foreach (var input in node.Inputs)
            copy.AddInput(input is null ? null : Map(input));
        foreach (var attribute in node.Attributes.Select(Resolve).OfType<NodeAttribute>())
            copy.AddAttribute(attribute);
        foreach (var output in node.Outputs)
            copy.AddOutput(output is null ? null : Define(output, null));
        return copy;
    }

    // An attribute that refers to one of the function's has the call's value, or the function's default; without
    // either it is left out.
    private NodeAttribute? Resolve(NodeAttribute attribute)
    {
        if (attribute.ReferenceName.Length == 0)
            return attribute.WithGraphs(Copy);
        var given =
            _call.FindAttribute(attribute.ReferenceName)
            ?? _function.DefaultAttributes.FirstOrDefault(other => other.Name == attribute.ReferenceName);
        return given?.Renamed(attribute.Name).WithGraphs(Copy);
    }

    private Graph Copy(Graph graph)
    {
        var copy = new Graph(graph.Name) { Metadata = graph.Metadata, Unknown = graph.Unknown };
        foreach (var input in graph.Inputs)
            copy.AddInput(Define(input, input.Type));
        foreach (var initializer in graph.Initializers)
            copy.AddInitializer(graph.IsInput(initializer) ? Map(initializer)! : Define(initializer, initializer.Type));
        foreach (var node in graph.Nodes)
            copy.Insert(Copy(node), null);
        foreach (var output in graph.Outputs)
        {
            var given = Map(output)!;
            given.Type ??= output.Type;
            copy.AddOutput(given);
        }

        return copy;
    }

    // What is not in the function comes from outside.
    private Value? Map(Value value) => _values.TryGetValue(value, out var mapped) ? mapped : value;

    private Value Define(Value value, TensorType? type)
    {
        if (_values.TryGetValue(value, out var given) && given is not null)
            return given;
        var copy = new Value(_names.Free($"{_place}/{value.Name}"), type)
        {
            Initializer = value.Initializer,
            SparseInitializer = value.SparseInitializer,
            HasInfo = value.HasInfo && type is not null,
            OpaqueType = value.OpaqueType,
        };
        _values[value] = copy;
        return copy;
    }
}
