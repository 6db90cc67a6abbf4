using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>
/// A matrix of integers that a DequantizeLinear makes floats of: one scale, one for each row or column, or for each
/// block of these.
/// </summary>
internal sealed class DequantizedMatrix : StoredMatrix
{
    private readonly int _input;
    private readonly MatrixOperand _operand;
    private readonly Node _dequantize;
    private readonly TensorData _packed;
    private readonly LevelMatrix _levels;
    private readonly bool _isSigned;

    private DequantizedMatrix(Node node, int input, MatrixOperand operand, LevelMatrix levels, bool isSigned)
        : base(node)
    {
        (_input, _operand, _levels, _isSigned) = (input, operand, levels, isSigned);
        _dequantize = operand.Value.Producer!;
        _packed = _dequantize.Inputs[0]!.Initializer!;
    }

    /// <inheritdoc/>
    public override int Rows => _operand.IsTransposed ? _levels.Columns : _levels.Rows;

    /// <inheritdoc/>
    public override int Columns => _operand.IsTransposed ? _levels.Rows : _levels.Columns;

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Constants => [.. _operand.Values, _dequantize.Inputs[0]!];

    /// <summary>Reads a node's matrix; null where no DequantizeLinear makes it of constants.</summary>
    public static DequantizedMatrix? Of(Node node, int input, MatrixOperand operand)
    {
        if (
            operand.Value.Producer is not { Operator.OperatorType: "DequantizeLinear" } dequantize
            || dequantize.InputOrNull(0)?.Initializer is not { Dimensions.Length: 2 } packed
            || BitsOf(packed.ElementType) is not { } kind
            || dequantize.InputOrNull(1)?.Initializer is not { } scales
            || scales.ElementType is not (ElementType.Float32 or ElementType.Float16)
            || LayoutOf(dequantize, packed, scales) is not { } groups
        )
            return null;
        var zeros = dequantize.InputOrNull(2)?.Initializer;
        if (
            dequantize.InputOrNull(2) is not null
            && (zeros is null || zeros.Count != scales.Count || zeros.ElementType != packed.ElementType)
        )
            return null;
        var points = zeros is null ? new short[scales.Count] : Unpacked(zeros, kind);
        var range = LevelRange.Of(kind.Bits, kind.IsSigned, scales.ElementType) with
        {
            HasZeroPoints = points.Any(point => point != (kind.IsSigned ? 0 : 1 << (kind.Bits - 1))),
        };
        var levels = new LevelMatrix((int)packed.Dimensions[0], (int)packed.Dimensions[1], range, groups)
        {
            Levels = Unpacked(packed, kind),
            Scales = [.. scales.ReadFloats().Zip(points, (scale, point) => new LevelScale(scale, point))],
        };
        return new DequantizedMatrix(node, input, operand, levels, kind.IsSigned);
    }

    /// <inheritdoc/>
    public override float[] Read() =>
        _operand.IsTransposed ? Transposed(_levels.Numbers(), Columns, Rows) : _levels.Numbers();

    /// <inheritdoc/>
    public override WeightRounding? Write(float[] numbers, NameScope names)
    {
        var rounding = Hold(_levels, _operand.IsTransposed ? Transposed(numbers, Rows, Columns) : numbers);
        var graph = Node.Graph!;
        var scales = _dequantize.Inputs[1]!.Initializer!;
        var inputs = new List<Value?>
        {
            Add("weight", Packed(_packed, index => _levels.Levels[index])),
            Add(
                "scale",
                TensorData.Rounded(
                    scales.ElementType,
                    scales.Dimensions.AsSpan(),
                    Array.ConvertAll(_levels.Scales, scale => scale.Scale)
                )
            ),
        };
        if (_dequantize.InputOrNull(2)?.Initializer is { } zeros)
            inputs.Add(Add("zero", Packed(zeros, index => _levels.Scales[index].Zero)));
        // A node of its own: others may read the old one.
        var own = graph.AddNode(
            names.Unique($"{Node.Name}/DequantizeLinear"),
            _dequantize.Operator,
            inputs,
            [names.Unique($"{Node.Name}/dequantized")],
            [.. _dequantize.Attributes],
            _dequantize
        );
        own.Output.Type = _operand.Value.Type;
        Node.SetInput(_input, Arranged(own.Output, names));
        return rounding;

        Value Add(string name, TensorData data) => graph.AddInitializer(names.Unique($"{Node.Name}/{name}"), data);
    }

    /// <inheritdoc/>
    public override bool Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names) => false;

    /// <inheritdoc/>
    protected override bool IsOwn(Node reader) =>
        reader == Node || reader == _dequantize || _operand.Nodes.Contains(reader);

    // As the node read it: a Gemm may transpose it itself.
    private Value Arranged(Value matrix, NameScope names)
    {
        var transposes = Node.FindAttribute("transB") is { Integer: 1 };
        if (_operand.IsTransposed == transposes)
            return matrix;
        var node = Node.Graph!.AddNode(
            names.Unique($"{Node.Name}/Transpose"),
            new OperatorKey("", "Transpose"),
            [matrix],
            [names.Unique($"{Node.Name}/transposed")],
            [NodeAttribute.Of("perm", [1, 0])],
            matrix.Producer
        );
        node.Output.Type = matrix.Type is { } type
            ? new TensorType(type.ElementType, Shape.Of(_packed.Dimensions[1], _packed.Dimensions[0]))
            : null;
        return node.Output;
    }

    private TensorData Packed(TensorData like, Func<int, int> level)
    {
        var bytes = like.ReadBytes().ToArray();
        for (var index = 0; index < like.Count; index++)
            PackedLevels.Write(bytes, index, _levels.Range.Bits, level(index));
        return TensorData.FromBytes(like.ElementType, like.Dimensions.AsSpan(), bytes);
    }

    private static short[] Unpacked(TensorData data, (int Bits, bool IsSigned) kind)
    {
        var bytes = data.ReadBytes().Span;
        var levels = new short[data.Count];
        for (var index = 0; index < levels.Length; index++)
            levels[index] = PackedLevels.Read(bytes, index, kind.Bits, kind.IsSigned);
        return levels;
    }

    private static (int Bits, bool IsSigned)? BitsOf(ElementType type) =>
        type switch
        {
            ElementType.Int8 => (8, true),
            ElementType.UInt8 => (8, false),
            ElementType.Int4 => (4, true),
            ElementType.UInt4 => (4, false),
            _ => null,
        };

    private static GroupLayout? LayoutOf(Node dequantize, TensorData packed, TensorData scales)
    {
        if (scales.Count == 1)
            return GroupLayout.Whole;
        var axis = dequantize.FindAttribute("axis")?.Integer ?? 1;
        var block = (int)(dequantize.FindAttribute("block_size")?.Integer ?? 0);
        var along = axis is 0 or -2;
        var (rows, columns) = ((int)packed.Dimensions[0], (int)packed.Dimensions[1]);
        if (block == 0)
            return scales.Count == (along ? rows : columns)
                ? (along ? new GroupLayout(1, 1, 1, 0) : new GroupLayout(1, 0, 1, 1))
                : null;
        var blocks = ((along ? rows : columns) + block - 1) / block;
        return scales.Count != (long)blocks * (along ? columns : rows) ? null
            : along ? new GroupLayout(block, columns, 1, 1)
            : new GroupLayout(1, blocks, block, 1);
    }
}
