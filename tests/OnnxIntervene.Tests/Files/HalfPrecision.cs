using System.Runtime.InteropServices;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Files;

/// <summary>Makes a model of 16-bit floats of one of 32-bit floats: constants, casts, types.</summary>
internal sealed class HalfPrecision
{
    private static readonly float s_largest = (float)Half.MaxValue;
    private readonly Dictionary<Value, Value> _values = [];

    public static Model Of(Model model) =>
        new(new HalfPrecision().Convert(model.Graph), model.IrVersion, model.OperatorSets)
        {
            Metadata = model.Metadata,
        };

    private Graph Convert(Graph graph)
    {
        var half = new Graph(graph.Name) { Metadata = graph.Metadata };
        foreach (var input in graph.Inputs)
            half.AddInput(Map(input));
        foreach (var initializer in graph.Initializers)
            half.AddInitializer(Map(initializer));
        foreach (var node in graph.Nodes)
            half.Insert(Convert(node), null);
        foreach (var output in graph.Outputs)
            half.AddOutput(Map(output));
        return half;
    }

    private Node Convert(Node node)
    {
        var half = new Node(node.Name, node.Operator) { Metadata = node.Metadata };
        foreach (var input in node.Inputs)
            half.AddInput(input is null ? null : Map(input));
        foreach (var output in node.Outputs)
            half.AddOutput(output is null ? null : Map(output));
        foreach (var attribute in node.Attributes)
            half.AddAttribute(Convert(node, attribute));
        return half;
    }

    private NodeAttribute Convert(Node node, NodeAttribute attribute)
    {
        if (attribute.Kind == AttributeKind.Tensor)
            return NodeAttribute.Of(attribute.Name, Convert(attribute.Tensor));
        var isCast =
            node.Operator.OperatorType == "Cast"
            && attribute.Name == "to"
            && attribute.Integer == (long)ElementType.Float32;
        return isCast ? NodeAttribute.Of("to", (long)ElementType.Float16) : attribute.WithGraphs(Convert);
    }

    private Value Map(Value value)
    {
        if (_values.TryGetValue(value, out var known))
            return known;
        var half = new Value(value.Name, Convert(value.Type))
        {
            HasInfo = value.HasInfo,
            Initializer = value.Initializer is { } data ? Convert(data) : null,
        };
        _values.Add(value, half);
        return half;
    }

    private static TensorType? Convert(TensorType? type) =>
        type is { ElementType: ElementType.Float32 } ? type with { ElementType = ElementType.Float16 } : type;

    // What replaces minus infinity in 32 bits becomes the smallest number of 16 bits.
    private static TensorData Convert(TensorData data) =>
        data.ElementType != ElementType.Float32
            ? data
            : TensorData.FromBytes(
                ElementType.Float16,
                data.Dimensions.AsSpan(),
                MemoryMarshal.AsBytes(Array.ConvertAll(data.ReadFloats(), Convert).AsSpan()).ToArray()
            );

    private static Half Convert(float number) =>
        float.IsInfinity(number) ? (Half)number : (Half)Math.Clamp(number, -s_largest, s_largest);
}
