using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// A small decoder of any number of layers, with about as many nodes in each as exporters write, to see how times grow
/// with
/// the graph; and a graph of one wide tensor.
/// </summary>
internal static class LayeredModel
{
    private const int Width = 64;
    private const int Heads = 4;
    private const int Vocabulary = 128;
    private const int OperatorSet = 17;

    /// <summary>Writes the model to a file.</summary>
    public static void Write(string path, int layers)
    {
        var graph = new Graph("decoder");
        var model = New(graph);
        var ops = new OpBuilder(graph, NameScope.Of(model), OperatorSet, "decoder");
        var shape = Shape.Of(Dimension.Named("batch"), Dimension.Named("sequence"));
        var tokens = graph.AddInput("input_ids", new TensorType(ElementType.Int64, shape));
        var stream = ops.Gather(Weight(graph, "embedding", Vocabulary, Width), tokens, 0);
        for (var layer = 0; layer < layers; layer++)
            stream = Layer(
                new OpBuilder(graph, ops.Names, OperatorSet, $"layers.{layer}"),
                graph,
                stream,
                $"layers.{layer}"
            );
        Output(
            graph,
            Product(ops, graph, Norm(ops, graph, stream, "norm"), "head", Width, Vocabulary),
            "logits",
            Vocabulary
        );
        OnnxFile.Save(model, path);
    }

    /// <summary>Writes a graph of one product of a tensor <c>[batch, position, width]</c>.</summary>
    public static void WriteWide(string path, int width)
    {
        var graph = new Graph("wide");
        var model = New(graph);
        var ops = new OpBuilder(graph, NameScope.Of(model), OperatorSet, "wide");
        var shape = Shape.Of(Dimension.Named("batch"), Dimension.Named("sequence"), Dimension.Fixed(width));
        var hidden = ops.Emit("Tanh", [graph.AddInput("hidden", new TensorType(ElementType.Float32, shape))]);
        hidden.Name = "stream";
        hidden.Type = new TensorType(ElementType.Float32, shape);
        Output(graph, Product(ops, graph, hidden, "out", width, 8), "values", 8);
        OnnxFile.Save(model, path);
    }

    private static Model New(Graph graph) =>
        new(graph, 8, System.Collections.Immutable.ImmutableSortedDictionary<string, long>.Empty.Add("", OperatorSet));

    private static Value Layer(OpBuilder ops, Graph graph, Value stream, string name)
    {
        var input = Norm(ops, graph, stream, $"{name}.norm1");
        var (query, key, value) = (
            Split(ops, graph, input, $"{name}.q"),
            Split(ops, graph, input, $"{name}.k"),
            Split(ops, graph, input, $"{name}.v")
        );
        var scores = ops.Mul(ops.Emit("MatMul", [query, ops.Transpose(key, 0, 1, 3, 2)]), Number(graph, ops, 0.25f));
        var mixed = ops.Emit("MatMul", [ops.Emit("Softmax", [scores], [NodeAttribute.Of("axis", -1L)]), value]);
        var joined = ops.Reshape(ops.Transpose(mixed, 0, 2, 1, 3), 0, 0, Width);
        stream = ops.Add(stream, Product(ops, graph, joined, $"{name}.o", Width, Width));
        var hidden = Norm(ops, graph, stream, $"{name}.norm2");
        var gate = Product(ops, graph, hidden, $"{name}.gate", Width, 2 * Width);
        var up = Product(ops, graph, hidden, $"{name}.up", Width, 2 * Width);
        var active = ops.Mul(ops.Mul(gate, ops.Emit("Sigmoid", [gate])), up);
        return ops.Add(stream, Product(ops, graph, active, $"{name}.down", 2 * Width, Width));
    }

    private static Value Split(OpBuilder ops, Graph graph, Value input, string name) =>
        ops.Transpose(
            ops.Reshape(Product(ops, graph, input, name, Width, Width), 0, 0, Heads, Width / Heads),
            0,
            2,
            1,
            3
        );

    // As exporters write it: the mean of squares, its root, and a scale.
    private static Value Norm(OpBuilder ops, Graph graph, Value value, string name)
    {
        var squares = ops.Emit("Pow", [value, Number(graph, ops, 2)]);
        var mean = ops.Emit("ReduceMean", [squares], [NodeAttribute.Of("axes", [-1L])]);
        var root = ops.Emit("Sqrt", [ops.Add(mean, Number(graph, ops, 1e-5f))]);
        return ops.Mul(ops.Emit("Div", [value, root]), Weight(graph, name, Width));
    }

    private static Value Product(OpBuilder ops, Graph graph, Value value, string name, int rows, int columns) =>
        ops.Emit("MatMul", [value, Weight(graph, name, rows, columns)]);

    private static Value Number(Graph graph, OpBuilder ops, float number) =>
        graph.AddInitializer(ops.Names.Unique("number"), TensorData.FromFloats([], [number]));

    private static Value Weight(Graph graph, string name, params long[] sizes)
    {
        var random = new Random(name.Length);
        var numbers = new float[sizes.Aggregate(1L, (product, size) => product * size)];
        for (var index = 0; index < numbers.Length; index++)
            numbers[index] = (float)((random.NextDouble() - 0.5) / 4);
        return graph.AddInitializer($"{name}.weight", TensorData.FromFloats(sizes, numbers));
    }

    private static void Output(Graph graph, Value value, string name, int width)
    {
        value.Name = name;
        value.Type = new TensorType(
            ElementType.Float32,
            Shape.Of(Dimension.Named("batch"), Dimension.Named("sequence"), Dimension.Fixed(width))
        );
        graph.AddOutput(value);
    }
}
