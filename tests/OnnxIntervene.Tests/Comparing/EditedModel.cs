using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Tests.Components;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>Copies of a model file in which weights are changed.</summary>
internal static class EditedModel
{
    private const int BlockOffset = 8;

    /// <summary>Writes a copy whose graph was changed.</summary>
    public static void Write(string from, string to, Action<Model> change)
    {
        var model = OnnxFile.Load(from);
        change(model);
        OnnxFile.Save(model, to);
    }

    /// <summary>The matrix that is nearest before a value: the right side of a MatMul or Gemm.</summary>
    public static Node NearestProduct(Value value)
    {
        var queue = new Queue<Value>([value]);
        var seen = new HashSet<Value>();
        while (queue.TryDequeue(out var next))
        {
            if (next.Producer is not { } node || !seen.Add(next))
                continue;
            if (node.Operator.Name is "MatMul" or "Gemm" && node.Inputs[1]!.Initializer is not null)
                return node;
            foreach (var input in node.Inputs.OfType<Value>())
                queue.Enqueue(input);
        }

        throw new InvalidOperationException($"'{value.Name}' is not computed with a matrix.");
    }

    /// <summary>Changes one element of a matrix to three times its largest.</summary>
    public static void Corrupt(Value matrix, int row, int column)
    {
        var data = matrix.Initializer!;
        var numbers = data.ReadFloats();
        numbers[(row * (int)data.Dimensions[1]) + column] = 3 * numbers.Max(MathF.Abs);
        matrix.Initializer = TensorData.FromFloats(data.Dimensions.AsSpan(), numbers);
    }

    /// <summary>Adds noise to every matrix of weights, in parts of its standard deviation.</summary>
    public static void Disturb(Model model, float level, Random random)
    {
        foreach (var value in model.Graph.Initializers)
        {
            if (value.Initializer is not { ElementType: ElementType.Float32, Dimensions.Length: 2 } data)
                continue;
            var numbers = data.ReadFloats();
            var scale = level * MathF.Sqrt(numbers.Average(number => number * number));
            for (var index = 0; index < numbers.Length; index++)
                numbers[index] += scale * ((2 * random.NextSingle()) - 1);
            value.Initializer = TensorData.FromFloats(data.Dimensions.AsSpan(), numbers);
        }
    }

    /// <summary>
    /// Makes a MatMul of every MatMulNBits. Weights are <c>[N, blocks, bytes]</c>, two to a byte, the low one first:
    /// (q − z) · scale of their block, where z is 8 or a zero point, packed alike (ONNX Runtime,
    /// docs/ContribOperators.md).
    /// </summary>
    /// <param name="model">The model. The vocabulary's matrix stays as it is.</param>
    /// <param name="change">Told the node's name and its matrix <c>[K, N]</c>, which it may change.</param>
    public static void Dequantize(Model model, Action<string, float[]> change)
    {
        var names = NameScope.Of(model);
        foreach (var node in model.Graph.AllNodes().Where(IsInALayer).ToList())
        {
            var (n, k) = ((int)node.FindAttribute("N")!.Integer, (int)node.FindAttribute("K")!.Integer);
            var matrix = Dequantized(node, n, k, (int)node.FindAttribute("block_size")!.Integer);
            change(node.Name, matrix);
            var graph = node.Graph!;
            var weight = graph.AddInitializer(names.Unique("twin/weight"), TensorData.FromFloats([k, n], matrix));
            var product = graph.AddNode(
                names.Unique("twin/node"),
                OperatorKey.From("", "MatMul"),
                [node.Inputs[0], weight],
                [names.Unique("twin/product")],
                []
            );
            graph.Redirect(node.Output, product.Output, names);
            graph.Remove(node);
        }

        GraphOrder.Sort(model.Graph);
    }

    /// <summary>Makes a quantised product of every MatMul with a matrix of a layer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="form">How it is written.</param>
    /// <param name="change">Told the node's name and its matrix, which it may change.</param>
    public static void Quantize(Model model, HandmadeQuantization form, Action<string, float[]> change)
    {
        model.OperatorSets = model.OperatorSets.SetItem(OperatorKey.Microsoft, 1);
        var ops = new OpBuilder(model.Graph, NameScope.Of(model), model.OperatorSetVersion, "quantised");
        foreach (var node in model.Graph.Nodes.Where(node => node.Operator.Name == "MatMul").ToList())
        {
            if (node.Inputs[1]!.Initializer is not { } data || !node.Name.Contains("layers", StringComparison.Ordinal))
                continue;
            var matrix = data.ReadFloats();
            change(node.Name, matrix);
            var product = form.Product(ops, node.Inputs[0]!, TensorData.FromFloats(data.Dimensions.AsSpan(), matrix));
            model.Graph.Redirect(node.Output, product, ops.Names);
            model.Graph.Remove(node);
        }

        GraphOrder.Sort(model.Graph);
    }

    private static bool IsInALayer(Node node) =>
        node.Operator.Name == "MatMulNBits" && node.Name.Contains("layers", StringComparison.Ordinal);

    private static float[] Dequantized(Node node, int n, int k, int block)
    {
        var packed = node.Inputs[1]!.Initializer!.ReadBytes().Span;
        var scales = node.Inputs[2]!.Initializer!.ReadFloats();
        var blocks = (k + block - 1) / block;
        var zeros = node.InputOrNull(3) is { Initializer: { } data } ? data.ReadBytes() : default;
        var matrix = new float[k * n];
        for (var column = 0; column < n; column++)
        {
            for (var row = 0; row < k; row++)
            {
                var (at, number) = ((column * blocks) + (row / block), (column * blocks * block) + row);
                var zero = zeros.IsEmpty
                    ? BlockOffset
                    : Nibble(zeros.Span, (column * (blocks + (blocks % 2))) + (row / block));
                matrix[(row * n) + column] = (Nibble(packed, number) - zero) * scales[at];
            }
        }

        return matrix;
    }

    private static int Nibble(ReadOnlySpan<byte> packed, int number) =>
        number % 2 == 0 ? packed[number / 2] & 0xF : packed[number / 2] >> 4;
}
