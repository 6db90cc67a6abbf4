using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>A matrix of floats that a MatMul, a Gemm, an Attention or a Gather reads.</summary>
internal sealed class FloatMatrix : StoredMatrix
{
    private readonly int _input;
    private readonly bool _isTransposed;
    private readonly TensorData _data;
    private readonly MatrixOperand _operand;

    /// <param name="node">The node.</param>
    /// <param name="input">Which of its inputs the matrix is.</param>
    /// <param name="operand">The matrix as the file holds it.</param>
    /// <param name="data">Its floats, in two axes.</param>
    public FloatMatrix(Node node, int input, MatrixOperand operand, TensorData data)
        : base(node)
    {
        (_input, _operand, _data, _isTransposed) = (input, operand, data, operand.IsTransposed);
        var (first, second) = ((int)data.Dimensions[0], (int)data.Dimensions[1]);
        (Rows, Columns) = _isTransposed ? (second, first) : (first, second);
    }

    /// <inheritdoc/>
    public override int Rows { get; }

    /// <inheritdoc/>
    public override int Columns { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Constants => _operand.Values;

    /// <inheritdoc/>
    public override float[] Read() =>
        _isTransposed ? Transposed(_data.ReadFloats(), Columns, Rows) : _data.ReadFloats();

    /// <inheritdoc/>
    public override WeightRounding? Write(float[] numbers, NameScope names)
    {
        Set(numbers, Rows, Columns, names);
        return null;
    }

    /// <inheritdoc/>
    public override string? Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names)
    {
        var (numbers, kept) = (Read(), new float[rows.Count * columns.Count]);
        for (var row = 0; row < rows.Count; row++)
        {
            for (var column = 0; column < columns.Count; column++)
                kept[(row * columns.Count) + column] = numbers[(rows[row] * Columns) + columns[column]];
        }

        Set(kept, rows.Count, columns.Count, names);
        return null;
    }

    /// <inheritdoc/>
    protected override bool IsOwn(Node reader) => reader == Node || _operand.Nodes.Contains(reader);

    private void Set(float[] numbers, int rows, int columns, NameScope names)
    {
        // A Gemm may go on reading it transposed; others read what the transposition would have given.
        var keeps = Node.Operator.OperatorType == "Gemm" && Node.FindAttribute("transB") is { Integer: 1 };
        long[] shape = keeps ? [columns, rows] : [rows, columns];
        Node.SetInput(
            _input,
            Constant(
                "weight",
                TensorData.Rounded(_data.ElementType, shape, keeps ? Transposed(numbers, rows, columns) : numbers),
                names
            )
        );
    }
}
