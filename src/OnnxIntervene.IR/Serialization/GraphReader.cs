using System.Collections.Immutable;
using Google.Protobuf;
using Google.Protobuf.Collections;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Turns names into wiring for one graph; a subgraph looks up its own names first, then those around it.
/// </summary>
internal sealed class GraphReader(TensorReader tensors, GraphReader? around)
{
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);

    public Graph Read(GraphProto proto, WirePlace place)
    {
        var graph = new Graph(proto.Name);
        foreach (var input in proto.Input)
            AddInput(graph, input, place);
        ReadInitializers(graph, proto, place);
        var nodes = Declare(proto.Node, place);
        ReadValueInfos(graph, proto);
        Connect(graph, nodes, place);
        foreach (var output in proto.Output)
            AddOutput(graph, output, place);
        Order(graph, place);
        graph.Metadata = ValueReader.Metadata(proto.MetadataProps);
        graph.Unknown = Clear(proto);
        return graph;
    }

    public Graph Read(FunctionProto proto, WirePlace place)
    {
        var graph = new Graph(proto.Name);
        foreach (var name in proto.Input)
            graph.AddInput(Define(new Value(name), place));
        var nodes = Declare(proto.Node, place);
        foreach (var info in proto.ValueInfo)
        {
            if (_values.TryGetValue(info.Name, out var value))
                ValueReader.Apply(value, info);
        }

        Connect(graph, nodes, place);
        foreach (var name in proto.Output)
            graph.AddOutput(Find(name) ?? throw place.Fault($"nothing computes the function's output '{name}'."));
        Order(graph, place);
        return graph;
    }

    private void AddInput(Graph graph, ValueInfoProto proto, WirePlace place)
    {
        var value = Define(new Value(proto.Name), place);
        ValueReader.Apply(value, proto);
        graph.AddInput(value);
    }

    private void ReadInitializers(Graph graph, GraphProto proto, WirePlace place)
    {
        for (var index = 0; index < proto.Initializer.Count; index++)
        {
            var data = tensors.Read(proto.Initializer[index], place.Inside("initializer", index));
            AddConstant(
                graph,
                data.Name,
                new TensorType(data.ElementType, Shape.Of(data.Dimensions.AsSpan())),
                place
            ).Initializer = data;
        }

        for (var index = 0; index < proto.SparseInitializer.Count; index++)
        {
            var data = tensors.Read(proto.SparseInitializer[index], place.Inside("sparse_initializer", index));
            var type = new TensorType(data.Values.ElementType, Shape.Of(data.Dimensions.AsSpan()));
            AddConstant(graph, data.Values.Name, type, place).SparseInitializer = data;
        }
    }

    private Value AddConstant(Graph graph, string name, TensorType type, WirePlace place)
    {
        // A constant that is also an input is the input's default.
        if (_values.TryGetValue(name, out var input) && !input.IsConstant)
        {
            graph.AddInitializer(input);
            return input;
        }

        var value = Define(new Value(name, type), place);
        graph.AddInitializer(value);
        return value;
    }

    private List<(Node Node, NodeProto Proto)> Declare(RepeatedField<NodeProto> protos, WirePlace place)
    {
        var nodes = new List<(Node, NodeProto)>(protos.Count);
        for (var index = 0; index < protos.Count; index++)
        {
            var proto = protos[index];
            var here = place.Inside("node", index);
            if (proto.OpType.Length == 0)
                throw here.Fault("the node has no operator type.");
            var node = NodeReader.Create(proto);
            foreach (var name in proto.Output)
                node.AddOutput(name.Length == 0 ? null : Define(new Value(name), here));
            nodes.Add((node, proto));
        }

        return nodes;
    }

    private void ReadValueInfos(Graph graph, GraphProto proto)
    {
        var stray = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        foreach (var info in proto.ValueInfo)
        {
            if (_values.TryGetValue(info.Name, out var value))
                ValueReader.Apply(value, info);
            else
                stray.Add(info.ToByteArray());
        }

        graph.StrayValueInfos = stray.ToImmutable();
    }

    private void Connect(Graph graph, List<(Node Node, NodeProto Proto)> nodes, WirePlace place)
    {
        for (var index = 0; index < nodes.Count; index++)
        {
            var (node, proto) = nodes[index];
            var here = place.Inside("node", index);
            foreach (var name in proto.Input)
            {
                node.AddInput(
                    name.Length == 0
                        ? null
                        : Find(name) ?? throw here.Fault($"{node} reads '{name}', which nothing computes.")
                );
            }

            foreach (var attribute in proto.Attribute)
                node.AddAttribute(NodeReader.Read(attribute, tensors, this, here));
            node.Unknown = NodeReader.Clear(proto);
            graph.Insert(node, null);
        }
    }

    private void AddOutput(Graph graph, ValueInfoProto proto, WirePlace place)
    {
        var value = Find(proto.Name) ?? throw place.Fault($"nothing computes the output '{proto.Name}'.");
        if (!graph.IsInput(value) && value.Initializer is null)
            ValueReader.Apply(value, proto);
        graph.AddOutput(value);
    }

    private static void Order(Graph graph, WirePlace place)
    {
        if (TopologicalOrder.Sort(graph) is { } node)
            throw place.Fault($"{node} depends on its own output: the nodes read each other in a cycle.");
    }

    private Value Define(Value value, WirePlace place)
    {
        if (value.Name.Length == 0)
            throw place.Fault("a value has no name.");
        if (!_values.TryAdd(value.Name, value))
            throw place.Fault($"the name '{value.Name}' occurs twice.");
        return value;
    }

    private Value? Find(string name) => _values.TryGetValue(name, out var value) ? value : around?.Find(name);

    private static ReadOnlyMemory<byte> Clear(GraphProto proto)
    {
        proto.ClearName();
        proto.Node.Clear();
        proto.Initializer.Clear();
        proto.SparseInitializer.Clear();
        proto.Input.Clear();
        proto.Output.Clear();
        proto.ValueInfo.Clear();
        proto.MetadataProps.Clear();
        return Remainder.Of(proto);
    }
}
