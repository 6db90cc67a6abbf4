using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>
/// Nodes in order, inputs, outputs and initializers; the main graph of a model, a branch, a loop's body, or a
/// function's body.
/// </summary>
public sealed class Graph
{
    private readonly LinkedList<Node> _nodes = new();
    private readonly List<Value> _inputs = [];
    private readonly List<Value> _outputs = [];
    private readonly List<Value> _initializers = [];

    // Made when it is first asked for; null after a change.
    private HashSet<Value>? _outputSet;
    private HashSet<Value>? _inputSet;

    /// <summary>Creates an empty graph.</summary>
    public Graph(string name = "main") => Name = name;

    /// <summary>The graph's name.</summary>
    public string Name { get; }

    /// <summary>The node whose attribute holds this graph; null for a main graph and a function's body.</summary>
    public Node? Owner { get; internal set; }

    /// <summary>
    /// The nodes in order. The list may be edited while it is walked: a node added after the current one is visited, a
    /// removed one is not.
    /// </summary>
    public IEnumerable<Node> Nodes
    {
        get
        {
            for (var link = _nodes.First; link is not null; )
            {
                // A node that was removed while it was current has lost its link, so the next one was read before.
                var next = link.Next;
                Steps.Take();
                yield return link.Value;
                link = link.List is null ? next : link.Next;
            }
        }
    }

    /// <summary>The last node; null where there is none.</summary>
    internal Node? LastNode => _nodes.Last?.Value;

    /// <summary>How many nodes there are, those of subgraphs not counted.</summary>
    public int NodeCount => _nodes.Count;

    /// <summary>The graph's inputs.</summary>
    public IReadOnlyList<Value> Inputs => _inputs;

    /// <summary>The graph's outputs.</summary>
    public IReadOnlyList<Value> Outputs => _outputs;

    /// <summary>The constants, dense and sparse, in the file's order.</summary>
    public IReadOnlyList<Value> Initializers => _initializers;

    /// <summary>Metadata that exporters write (<c>metadata_props</c>).</summary>
    public ImmutableArray<KeyValuePair<string, string>> Metadata { get; internal set; } = [];

    /// <summary>Fields of the file's graph that this library does not model.</summary>
    internal ReadOnlyMemory<byte> Unknown { get; set; }

    /// <summary>Value infos of the file for names that nothing in the graph has.</summary>
    internal ImmutableArray<ReadOnlyMemory<byte>> StrayValueInfos { get; set; } = [];

    /// <summary>Adds an input after the others.</summary>
    public Value AddInput(string name, TensorType? type = null)
    {
        var value = new Value(name, type);
        AddInput(value);
        return value;
    }

    /// <summary>Adds a constant after the others.</summary>
    public Value AddInitializer(string name, TensorData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var value = new Value(name, new TensorType(data.ElementType, Shape.Of(data.Dimensions.AsSpan())))
        {
            Initializer = data,
        };
        _initializers.Add(value);
        return value;
    }

    /// <summary>
    /// Gives an input a default, so that runs may leave it out (from IR version 4 on; the ONNX specification calls it
    /// an overridable initializer).
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The value is not an input of this graph, or already has a default.
    /// </exception>
    public void SetDefault(Value input, TensorData data)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(data);
        if (!IsInput(input) || input.IsConstant)
            throw new ArgumentException($"{input} is not an input of {this}, or already has a default.", nameof(input));
        input.Initializer = data;
        _initializers.Add(input);
    }

    /// <summary>Makes a value one of the graph's outputs, after the others.</summary>
    public void AddOutput(Value value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _outputs.Add(value);
        _outputSet?.Add(value);
    }

    /// <summary>
    /// Adds a node at the end, or after <paramref name="after"/>, whose outputs have the given names (empty: left out).
    /// </summary>
    public Node AddNode(
        string name,
        OperatorKey op,
        IEnumerable<Value?> inputs,
        IEnumerable<string> outputs,
        IEnumerable<NodeAttribute> attributes,
        Node? after = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(attributes);
        var node = new Node(name, op);
        foreach (var input in inputs)
            node.AddInput(input);
        foreach (var output in outputs)
            node.AddOutput(output.Length == 0 ? null : new Value(output));
        foreach (var attribute in attributes)
            node.AddAttribute(attribute);
        Insert(node, after);
        return node;
    }

    /// <summary>Removes a node. Nothing may still read its outputs.</summary>
    /// <exception cref="InvalidOperationException">
    /// Something still reads an output, or the node is in another graph.
    /// </exception>
    public void Remove(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Graph != this)
            throw new InvalidOperationException($"{node} is not in the graph '{Name}'.");
        if (
            node.Outputs.FirstOrDefault(output => output is not null && (output.Uses.Count > 0 || IsOutput(output))) is
            { } read
        )
            throw new InvalidOperationException($"{node} cannot be removed: {read} is still read.");
        node.DropInputs();
        _nodes.Remove(node.Link!);
        node.Link = null;
        node.Graph = null;
    }

    /// <summary>
    /// Makes every reader of <paramref name="value"/> read <paramref name="replacement"/>: nodes, captures in
    /// subgraphs, and graph outputs, except the given nodes. An output keeps its name: the replacement takes it, and
    /// the value gets a new one from <paramref name="names"/>. An output that is also an input or an initializer stays
    /// what it is, since its name cannot move.
    /// </summary>
    public void Redirect(Value value, Value replacement, NameScope names, params ReadOnlySpan<Node> except)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(replacement);
        ArgumentNullException.ThrowIfNull(names);
        RedirectBut(except.ToArray().ToHashSet(), value, replacement, names);
    }

    /// <summary>Makes every reader of a value but some read a replacement: O(reads).</summary>
    internal void RedirectBut(IReadOnlySet<Node> except, Value value, Value replacement, NameScope names)
    {
        value.ReplaceUses(replacement, except);
        if (!IsOutput(value) || value.Producer is null)
            return;
        _outputSet = null;
        for (var index = 0; index < _outputs.Count; index++)
        {
            if (_outputs[index] == value)
                _outputs[index] = replacement;
        }

        (replacement.Name, value.Name) = (value.Name, names.Unique($"{value.Name}/before"));
        replacement.Type ??= value.Type;
    }

    /// <summary>Every node, those of subgraphs too, each after the node that holds it.</summary>
    public IEnumerable<Node> AllNodes()
    {
        foreach (var node in Nodes)
        {
            yield return node;
            foreach (var graph in node.Subgraphs)
            {
                foreach (var inner in graph.AllNodes())
                    yield return inner;
            }
        }
    }

    /// <summary>Every value that the graph itself defines, once: inputs, initializers, outputs of nodes.</summary>
    public IEnumerable<Value> AllValues() =>
        _inputs.Concat(InitializersBesideInputs()).Concat(_nodes.SelectMany(node => node.Outputs).OfType<Value>());

    /// <summary>The constants that are not inputs. Before IR 4 every constant is an input, too.</summary>
    internal IEnumerable<Value> InitializersBesideInputs() => _initializers.Where(value => !IsInput(value));

    /// <summary>Whether a value is one of the graph's inputs. O(1) once asked.</summary>
    internal bool IsInput(Value value) => (_inputSet ??= [.. _inputs]).Contains(value);

    /// <summary>Whether a value is one of the graph's outputs. O(1) once asked.</summary>
    internal bool IsOutput(Value value) => (_outputSet ??= [.. _outputs]).Contains(value);

    /// <summary>The value of this name that the graph itself defines, or null. O(values).</summary>
    public Value? FindValue(string name) => AllValues().FirstOrDefault(value => value.Name == name);

    /// <inheritdoc/>
    public override string ToString() => $"graph '{Name}' of {_nodes.Count} nodes";

    /// <summary>The nodes after one, the last of them first; every node where that is null. O(nodes given).</summary>
    internal IEnumerable<Node> NodesAfter(Node? node)
    {
        for (var link = _nodes.Last; link is not null && link.Value != node; link = link.Previous)
            yield return link.Value;
    }

    internal void AddInput(Value value)
    {
        _inputs.Add(value);
        _inputSet?.Add(value);
    }

    internal void AddInitializer(Value value) => _initializers.Add(value);

    internal void RemoveInputs(IReadOnlySet<Value> values)
    {
        _inputs.RemoveAll(values.Contains);
        _inputSet = null;
    }

    internal void RemoveInitializers(IReadOnlySet<Value> values) => _initializers.RemoveAll(values.Contains);

    internal void SetOutputs(IReadOnlyList<Value> values)
    {
        _outputs.Clear();
        _outputs.AddRange(values);
        _outputSet = null;
    }

    internal void Insert(Node node, Node? after)
    {
        node.Graph = this;
        node.Link = after?.Link is { } link ? _nodes.AddAfter(link, node) : _nodes.AddLast(node);
        foreach (var graph in node.Subgraphs)
            graph.Owner = node;
    }

    /// <summary>Takes the nodes and constants of a branch, which keeps its outputs' values.</summary>
    internal void Absorb(Graph branch)
    {
        foreach (var node in branch._nodes.ToList())
        {
            branch._nodes.Remove(node.Link!);
            Insert(node, null);
        }

        _initializers.AddRange(branch._initializers);
        branch._initializers.Clear();
    }

    /// <summary>Puts the nodes into this order, which must hold each of them once.</summary>
    internal void Reorder(IReadOnlyList<Node> nodes)
    {
        _nodes.Clear();
        foreach (var node in nodes)
            node.Link = _nodes.AddLast(node);
    }
}
