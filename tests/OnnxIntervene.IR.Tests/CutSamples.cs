using System.Collections.Immutable;

namespace OnnxIntervene.IR.Tests;

/// <summary>Small models to be cut.</summary>
internal static class CutSamples
{
    /// <summary>
    /// <c>stream = x + w</c>, <c>update = -stream</c>, <c>y = (stream + update · scale) · transposed constant + x</c>,
    /// and a second output <c>z</c> of an input of its own.
    /// </summary>
    public static (Model Model, Dictionary<string, Value> Values) Residual()
    {
        var graph = new Graph("residual");
        var matrix = new TensorType(ElementType.Float32, Shape.Of(3, 3));
        var (x, other) = (graph.AddInput("x", matrix), graph.AddInput("other", matrix));
        var scale = graph.AddInput("scale", new TensorType(ElementType.Float32, Shape.Of(1)));
        graph.SetDefault(scale, TensorData.FromFloats([1], [2]));
        var weight = graph.AddInitializer("w", TensorData.FromFloats([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]));
        var turned = Node(graph, "Transpose", "turned", weight);
        var constant = Node(
            graph,
            "Constant",
            "constant",
            [NodeAttribute.Of("value", TensorData.FromFloats([1], [1]))]
        );
        var stream = Node(graph, "Add", "stream", x, weight);
        var update = Node(graph, "Neg", "update", stream);
        var scaled = Node(graph, "Mul", "scaled", update, scale);
        var sum = Node(graph, "Add", "sum", stream, scaled);
        var product = Node(graph, "Mul", "product", sum, turned);
        var more = Node(graph, "Add", "more", product, constant);
        var y = Node(graph, "Add", "y", more, x);
        graph.AddOutput(y);
        graph.AddOutput(Node(graph, "Relu", "z", other));
        var model = new Model(graph, 8, ImmutableSortedDictionary<string, long>.Empty.Add("", 17));
        return (model, graph.AllValues().ToDictionary(value => value.Name));
    }

    public static Value Node(Graph graph, string operatorType, string output, params Value[] inputs) =>
        graph.AddNode(output, new("", operatorType), inputs, [output], []).Output;

    private static Value Node(Graph graph, string operatorType, string output, NodeAttribute[] attributes) =>
        graph.AddNode(output, new("", operatorType), [], [output], attributes).Output;
}
