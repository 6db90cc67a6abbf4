using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies.Alignment;

/// <summary>The network that pyvene's tutorial on DAS makes by hand to solve hierarchical equality.</summary>
internal static class HandcraftedNetwork
{
    /// <summary>The output of the first layer.</summary>
    public const string FirstLayer = "layer0";

    private const int Width = 8;

    /// <summary>Writes the network as an ONNX file.</summary>
    public static void Save(string path)
    {
        using var published = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(RepositoryPaths.OwnReferences, "published", "das_handcrafted_mlp.json"))
        );
        var graph = new Graph();
        var model = new Model(graph, 8, ImmutableSortedDictionary<string, long>.Empty.Add("", 17));
        var ops = new OpBuilder(graph, NameScope.Of(model), 17, "network");
        var shape = Shape.Of(Dimension.Named("batch"), Dimension.Fixed(1), Dimension.Fixed(Width));
        var stream = graph.AddInput("inputs_embeds", new TensorType(ElementType.Float32, shape));
        var first = Matrix(graph, "first", published.RootElement.GetProperty("W1"));
        stream = Relu(graph, ops.Emit("MatMul", [stream, ops.Transpose(first, 1, 0)]), FirstLayer);
        var second = Matrix(graph, "second", published.RootElement.GetProperty("W2_T"));
        stream = Relu(graph, ops.Emit("MatMul", [stream, second]), "layer1");
        var third = Matrix(graph, "third", published.RootElement.GetProperty("W3_T"));
        var bias = Numbers(published.RootElement.GetProperty("b3")).ToArray();
        var scores = ops.Add(
            ops.Emit("MatMul", [stream, third]),
            graph.AddInitializer("bias", TensorData.FromFloats([bias.Length], bias))
        );
        graph.AddOutput(ops.Reshape(scores, 0, bias.Length));
        OnnxFile.Save(model, path);
    }

    private static Value Relu(Graph graph, Value value, string name) =>
        graph.AddNode(name, new OperatorKey("", "Relu"), [value], [name], []).Outputs[0]!;

    private static Value Matrix(Graph graph, string name, JsonElement rows)
    {
        float[] numbers = [.. rows.EnumerateArray().SelectMany(Numbers)];
        return graph.AddInitializer(
            name,
            TensorData.FromFloats([rows.GetArrayLength(), numbers.Length / rows.GetArrayLength()], numbers)
        );
    }

    private static IEnumerable<float> Numbers(JsonElement row) =>
        row.EnumerateArray().Select(number => number.GetSingle());
}
