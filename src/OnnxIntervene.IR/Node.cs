using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>One operation of a graph. Two nodes are equal only when they are the same object.</summary>
public sealed class Node
{
    private readonly List<Value?> _inputs = [];
    private readonly List<Value?> _outputs = [];
    private List<NodeAttribute> _attributes = [];

    // The list is another node's, too, until one of them changes it.
    private bool _sharesAttributes;

    internal Node(string name, OperatorKey op)
    {
        Name = name;
        Operator = op;
    }

    /// <summary>A node that has the attributes of another, and room for as many inputs and outputs.</summary>
    internal Node(Node like)
        : this(like.Name, like.Operator)
    {
        _inputs.EnsureCapacity(like._inputs.Count);
        _outputs.EnsureCapacity(like._outputs.Count);
        if (like.HoldsGraphs)
            return;
        _attributes = like._attributes;
        (_sharesAttributes, like._sharesAttributes) = (true, true);
    }

    /// <summary>The name in the file; may be empty.</summary>
    public string Name { get; internal set; }

    /// <summary>What the node computes.</summary>
    public OperatorKey Operator { get; }

    /// <summary>Which of several local functions of one name it calls (IR 10); usually empty.</summary>
    public string Overload { get; internal init; } = "";

    /// <summary>The graph whose list the node is in; null once it is removed.</summary>
    public Graph? Graph { get; internal set; }

    /// <summary>What the node reads; null where an optional input is left out.</summary>
    public IReadOnlyList<Value?> Inputs
    {
        get
        {
            Steps.Take();
            return _inputs;
        }
    }

    /// <summary>What the node computes; null where an optional output is left out.</summary>
    public IReadOnlyList<Value?> Outputs
    {
        get
        {
            Steps.Take();
            return _outputs;
        }
    }

    /// <summary>The attributes, in the file's order.</summary>
    public IReadOnlyList<NodeAttribute> Attributes => _attributes;

    /// <summary>Metadata that exporters write (<c>metadata_props</c>), in the file's order.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Metadata { get; set; } = [];

    /// <summary>Fields of the file's node that this library does not model.</summary>
    internal ReadOnlyMemory<byte> Unknown { get; set; }

    internal LinkedListNode<Node>? Link { get; set; }

    /// <summary>Whether it computes from constants alone, as far as that has been asked.</summary>
    internal Constancy.State Constancy { get; set; }

    /// <summary>The first output, which every node that we emit has.</summary>
    /// <exception cref="InvalidOperationException">The node leaves its first output out.</exception>
    public Value Output =>
        _outputs.Count > 0 && _outputs[0] is { } output
            ? output
            : throw new InvalidOperationException($"{this} has no first output.");

    /// <summary>The attribute of this name, or null.</summary>
    public NodeAttribute? FindAttribute(string name) => _attributes.Find(attribute => attribute.Name == name);

    /// <summary>The input at <paramref name="index"/>; null when it is left out or past the end of the list.</summary>
    public Value? InputOrNull(int index) => index < _inputs.Count ? _inputs[index] : null;

    /// <summary>The output at <paramref name="index"/>; null when it is left out or past the end of the list.</summary>
    public Value? OutputOrNull(int index) => index < _outputs.Count ? _outputs[index] : null;

    /// <summary>
    /// Makes the node read <paramref name="value"/> at <paramref name="index"/>; null leaves the input out.
    /// </summary>
    public void SetInput(int index, Value? value)
    {
        _inputs[index]?.RemoveUse(new Use(this, index));
        _inputs[index] = value;
        value?.AddUse(new Use(this, index));
        IR.Constancy.OnInput(this, value);
    }

    /// <summary>Makes the node read one more value, after the others.</summary>
    public void AddInput(Value? value)
    {
        _inputs.Add(value);
        value?.AddUse(new Use(this, _inputs.Count - 1));
        IR.Constancy.OnInput(this, value);
    }

    /// <summary>
    /// Replaces the attribute of the same name, or adds one. Not for attributes that hold graphs.
    /// </summary>
    public void SetAttribute(NodeAttribute attribute)
    {
        ArgumentNullException.ThrowIfNull(attribute);
        OwnAttributes();
        var index = _attributes.FindIndex(other => other.Name == attribute.Name);
        if (index < 0)
            _attributes.Add(attribute);
        else
            _attributes[index] = attribute;
    }

    /// <summary>Adds an output to the node, after the others.</summary>
    public Value AddOutput(string name)
    {
        var output = new Value(name);
        AddOutput(output);
        return output;
    }

    /// <summary>The metadata of this key, or null.</summary>
    public string? FindMetadata(string key)
    {
        foreach (var entry in Metadata)
        {
            if (entry.Key == key)
                return entry.Value;
        }

        return null;
    }

    /// <summary>Every graph inside the node's attributes.</summary>
    public IEnumerable<Graph> Subgraphs =>
        HoldsGraphs ? _attributes.SelectMany(attribute => attribute.Subgraphs) : Enumerable.Empty<Graph>();

    // Few nodes have one, but walks over a graph ask every node.
    private bool HoldsGraphs
    {
        get
        {
            foreach (var attribute in _attributes)
            {
                if (!attribute.Subgraphs.IsEmpty)
                    return true;
            }

            return false;
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Name.Length > 0 ? $"{Operator} node '{Name}'" : $"{Operator} node that computes {FirstOutputName}";

    private string FirstOutputName =>
        _outputs.Find(output => output is not null) is { } output ? $"'{output.Name}'" : "nothing";

    internal void AddOutput(Value? value)
    {
        _outputs.Add(value);
        if (value is not null)
            (value.Producer, value.OutputIndex) = (this, _outputs.Count - 1);
    }

    /// <summary>
    /// Adds a named output to the node at <paramref name="index"/>, outputs in between being left out.
    /// </summary>
    internal void SetOutput(int index, Value value)
    {
        while (_outputs.Count <= index)
            _outputs.Add(null);
        _outputs[index] = value;
        (value.Producer, value.OutputIndex) = (this, index);
    }

    /// <summary>Leaves out an optional output that nothing reads.</summary>
    internal void LeaveOut(int index)
    {
        if (_outputs[index] is { } output)
            output.Producer = null;
        _outputs[index] = null;
    }

    internal void AddAttribute(NodeAttribute attribute)
    {
        OwnAttributes();
        _attributes.Add(attribute);
    }

    /// <summary>Moves this node's outputs to another node.</summary>
    internal void ReleaseOutputs() => _outputs.Clear();

    private void OwnAttributes()
    {
        if (_sharesAttributes)
            (_attributes, _sharesAttributes) = ([.. _attributes], false);
    }

    internal void DropInputs()
    {
        Constancy = IR.Constancy.State.Unknown;
        for (var index = 0; index < _inputs.Count; index++)
            SetInput(index, null);
    }
}
