using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>
/// A matrix of integers that a DequantizeLinear makes floats of: one scale, one for each row or column, or for each
/// block of these.
/// </summary>
internal sealed class DequantizedMatrix : StoredMatrix
{
    private const string BlockSize = "block_size";

    private readonly int _input;
    private readonly MatrixOperand _operand;
    private readonly Node _dequantize;
    private readonly TensorData _packed;
    private readonly LevelMatrix _levels;

    private DequantizedMatrix(Node node, int input, MatrixOperand operand, LevelMatrix levels)
        : base(node)
    {
        (_input, _operand, _levels) = (input, operand, levels);
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
        return new DequantizedMatrix(node, input, operand, levels);
    }

    /// <inheritdoc/>
    public override float[] Read() =>
        _operand.IsTransposed ? Transposed(_levels.Numbers(), Columns, Rows) : _levels.Numbers();

    /// <inheritdoc/>
    public override WeightRounding? Write(float[] numbers, NameScope names)
    {
        var rounding = Hold(_levels, _operand.IsTransposed ? Transposed(numbers, Rows, Columns) : numbers);
        Set(_levels, [.. _dequantize.Attributes], names);
        return rounding;
    }

    /// <summary>Levels with their scales and zero points; by whole or smaller blocks where these share them.</summary>
    public override string? Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names)
    {
        var (first, second) = _operand.IsTransposed ? (columns, rows) : (rows, columns);
        if (KeepInBlocks(_levels, first, second) is not { } found)
            return OfWholeBlocks(_levels);
        Set(
            found.Kept,
            _dequantize.Attributes.Select(attribute =>
                attribute is { Name: BlockSize, Integer: > 0 } ? NodeAttribute.Of(BlockSize, found.Block) : attribute
            ),
            names
        );
        return null;
    }

    // A node of its own: others may read the old one.
    private void Set(LevelMatrix levels, IEnumerable<NodeAttribute> attributes, NameScope names)
    {
        var scales = _dequantize.Inputs[1]!.Initializer!;
        long[] sizes = [levels.Rows, levels.Columns];
        var inputs = new List<Value?>
        {
            Add("weight", Packed(_packed.ElementType, sizes, levels.Levels)),
            Add(
                "scale",
                TensorData.Rounded(
                    scales.ElementType,
                    Sizes(levels, scales),
                    Array.ConvertAll(levels.Scales, scale => scale.Scale)
                )
            ),
        };
        if (_dequantize.InputOrNull(2)?.Initializer is { } zeros)
            inputs.Add(
                Add(
                    "zero",
                    Packed(
                        zeros.ElementType,
                        Sizes(levels, zeros),
                        Array.ConvertAll(levels.Scales, scale => (short)scale.Zero)
                    )
                )
            );
        var own = Node.Graph!.AddNode(
            names.Unique($"{Node.Name}/DequantizeLinear"),
            _dequantize.Operator,
            inputs,
            [names.Unique($"{Node.Name}/dequantized")],
            [.. attributes],
            _dequantize
        );
        own.Output.Type = _operand.Value.Type is { } type ? new TensorType(type.ElementType, Shape.Of(sizes)) : null;
        Node.SetInput(_input, Arranged(own.Output, levels, names));

        Value Add(string name, TensorData data) => Constant(name, data, names);
    }

    // One scale, one for each row or column, or a matrix of them.
    private static long[] Sizes(LevelMatrix levels, TensorData like) =>
        like.Dimensions.Length == 2 && levels.Groups.Count > 1 ? [levels.Groups.Down, levels.Groups.Across]
        : like.Count == 1 ? [.. like.Dimensions]
        : [levels.Groups.Count];

    /// <inheritdoc/>
    protected override bool IsOwn(Node reader) =>
        reader == Node || reader == _dequantize || _operand.Nodes.Contains(reader);

    // As the node read it: a Gemm may transpose it itself.
    private Value Arranged(Value matrix, LevelMatrix levels, NameScope names)
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
            ? new TensorType(type.ElementType, Shape.Of(levels.Columns, levels.Rows))
            : null;
        return node.Output;
    }

    private TensorData Packed(ElementType type, long[] sizes, short[] levels)
    {
        var bits = _levels.Range.Bits;
        var bytes = new byte[type.ByteCount(levels.Length)];
        for (var index = 0; index < levels.Length; index++)
            PackedLevels.Write(bytes, index, bits, levels[index]);
        return TensorData.FromBytes(type, sizes, bytes);
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
        var size = (Rows: (int)packed.Dimensions[0], Columns: (int)packed.Dimensions[1]);
        if (scales.Count == 1)
            return new GroupLayout(size, size.Rows, size.Columns);
        var isAlongRows = dequantize.FindAttribute("axis")?.Integer is 0 or -2;
        var block = (int)(dequantize.FindAttribute(BlockSize)?.Integer ?? 0);
        var layout = isAlongRows
            ? new GroupLayout(size, Math.Max(1, block), block > 0 ? 1 : size.Columns)
            : new GroupLayout(size, block > 0 ? 1 : size.Rows, Math.Max(1, block));
        return layout.Count == scales.Count ? layout : null;
    }
}
