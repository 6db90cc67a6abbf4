namespace OnnxIntervene.IR.Editing;

/// <summary>Copies a model's wiring; constants and metadata, which never change, are shared.</summary>
internal sealed class ModelCopier
{
    private readonly Dictionary<Value, Value> _values = [];

    public static (Model Model, IReadOnlyDictionary<Value, Value> Copies) Copy(Model model)
    {
        var copier = new ModelCopier();
        copier._values.EnsureCapacity((2 * model.Graph.NodeCount) + model.Graph.Initializers.Count);
        var copy = new Model(copier.Copy(model.Graph), model.IrVersion, model.OperatorSets)
        {
            Functions = [.. model.Functions.Select(copier.Copy)],
            Metadata = model.Metadata,
            Producer = model.Producer,
            FilePath = model.FilePath,
            Unknown = model.Unknown,
        };
        return (copy, copier._values);
    }

    private LocalFunction Copy(LocalFunction function) =>
        new(function.Key, Copy(function.Body))
        {
            Overload = function.Overload,
            RequiredAttributes = function.RequiredAttributes,
            DefaultAttributes = function.DefaultAttributes,
            OperatorSets = function.OperatorSets,
            Metadata = function.Metadata,
            Unknown = function.Unknown,
        };

    private Graph Copy(Graph graph)
    {
        var copy = new Graph(graph.Name)
        {
            Metadata = graph.Metadata,
            Unknown = graph.Unknown,
            StrayValueInfos = graph.StrayValueInfos,
        };
        foreach (var input in graph.Inputs)
            copy.AddInput(Map(input));
        foreach (var initializer in graph.Initializers)
            copy.AddInitializer(Map(initializer));
        foreach (var node in graph.Nodes)
            copy.Insert(Copy(node), null);
        foreach (var output in graph.Outputs)
            copy.AddOutput(Map(output));
        return copy;
    }

    private Node Copy(Node node)
    {
        var copy = new Node(node)
        {
            Overload = node.Overload,
            Metadata = node.Metadata,
            Unknown = node.Unknown,
        };
        for (var index = 0; index < node.Inputs.Count; index++)
            copy.AddInput(node.Inputs[index] is { } input ? Map(input) : null);
        for (var index = 0; index < node.Outputs.Count; index++)
            copy.AddOutput(node.Outputs[index] is { } output ? Map(output) : null);
        for (var index = copy.Attributes.Count; index < node.Attributes.Count; index++)
            copy.AddAttribute(node.Attributes[index].WithGraphs(Copy));

        return copy;
    }

    private Value Map(Value value)
    {
        if (_values.TryGetValue(value, out var known))
            return known;
        var copy = new Value(value.Name, value.Type)
        {
            Initializer = value.Initializer,
            SparseInitializer = value.SparseInitializer,
            HasInfo = value.HasInfo,
            OpaqueType = value.OpaqueType,
            Unknown = value.Unknown,
        };
        copy.ExpectUses(value.Uses.Count);
        _values.Add(value, copy);
        return copy;
    }
}
