using OnnxIntervene.IR;

namespace OnnxIntervene.Baking;

/// <summary>
/// The matrix that a node multiplies with, or chooses rows of, as floats <c>[rows, columns]</c>: what is read goes in
/// by rows, what is computed comes out by columns.
/// </summary>
internal sealed class WeightMatrix
{
    private readonly Node _node;
    private readonly int _input;
    private readonly bool _isTransposed;
    private readonly TensorData _data;

    private WeightMatrix(Node node, int input, TensorData data, bool isTransposed)
    {
        (_node, _input, _data, _isTransposed) = (node, input, data, isTransposed);
        var (first, second) = ((int)data.Dimensions[0], (int)data.Dimensions[1]);
        (Rows, Columns) = isTransposed ? (second, first) : (first, second);
        Numbers = isTransposed ? Transposed(data.ReadFloats(), first, second) : data.ReadFloats();
    }

    /// <summary>The rows.</summary>
    public int Rows { get; }

    /// <summary>The columns.</summary>
    public int Columns { get; }

    /// <summary>The numbers, row by row, to be changed.</summary>
    public float[] Numbers { get; }

    /// <summary>One row.</summary>
    public Span<float> Row(int row) => Numbers.AsSpan(row * Columns, Columns);

    /// <summary>Reads a node's matrix.</summary>
    /// <param name="node">The node.</param>
    /// <param name="copiesShared">Whether a matrix that others read too may be copied.</param>
    /// <param name="what">What is folded, for messages.</param>
    /// <exception cref="InterventionException">It cannot be changed exactly; the message has the reason.</exception>
    public static WeightMatrix Read(Node node, bool copiesShared, string what)
    {
        var input = node.Operator.OperatorType == "Gather" ? 0 : 1;
        var isTransposed = node.Operator.OperatorType switch
        {
            "MatMul" or "Attention" or "Gather" => false,
            "Gemm" when IsPlain(node) => node.FindAttribute("transB") is { Integer: 1 },
            _ => throw Refusal(what, $"{node} multiplies with weights that are quantised, scaled or not of the file"),
        };
        var value = node.Inputs[input]!;
        var isShared = value.Uses.Count > 1;
        while (value.Initializer is null && value.Producer is { } producer)
        {
            if (
                producer.Operator.OperatorType == "Transpose"
                && producer.FindAttribute("perm") is null or { Integers: [1, 0] }
            )
                isTransposed = !isTransposed;
            else if (producer.Operator.OperatorType != "Identity")
                break;
            value = producer.Inputs[0]!;
            isShared |= value.Uses.Count > 1;
        }

        if (value.Initializer is not { Dimensions.Length: 2 } data || !data.ElementType.IsFloat())
            throw Refusal(what, $"the weights of {node} are not a matrix of floats that the file holds");
        if (isShared && !copiesShared)
            throw Refusal(
                what,
                $"the weights '{value.Name}' of {node} are shared with {Other(value, node)}, which must keep them. "
                    + $"--copy-shared writes a copy of {data.ByteLength >> 10} KiB for this layer"
            );
        return new WeightMatrix(node, input, data, isTransposed);
    }

    /// <summary>Gives the node the changed matrix, as a constant of its own.</summary>
    public void Write(NameScope names)
    {
        // A Gemm may go on reading it transposed; others read what the transposition would have given.
        var keeps = _node.Operator.OperatorType == "Gemm" && _node.FindAttribute("transB") is { Integer: 1 };
        long[] shape = keeps ? [Columns, Rows] : [Rows, Columns];
        var numbers = keeps ? Transposed(Numbers, Rows, Columns) : Numbers;
        var name = names.Unique($"{_node.Name}/weight");
        _node.SetInput(
            _input,
            _node.Graph!.AddInitializer(name, TensorData.Rounded(_data.ElementType, shape, numbers))
        );
    }

    /// <summary>The exception of what cannot be folded.</summary>
    public static InterventionException Refusal(string what, string reason) =>
        new($"{what} cannot be folded exactly: {reason}. Bake it spliced (--spliced).");

    private static bool IsPlain(Node gemm) =>
        gemm.FindAttribute("transA") is null or { Integer: 0 }
        && gemm.FindAttribute("alpha") is null or { Float: 1 }
        && gemm.FindAttribute("beta") is null or { Float: 1 };

    private static string Other(Value value, Node node) =>
        value.Uses.Select(use => use.Node).FirstOrDefault(other => other != node)?.ToString() ?? "another layer";

    private static float[] Transposed(float[] numbers, int rows, int columns)
    {
        var turned = new float[numbers.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                turned[(column * rows) + row] = numbers[(row * columns) + column];
        }

        return turned;
    }
}
