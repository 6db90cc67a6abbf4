using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>
/// The matrix of ONNX Runtime's MatMulNBits: for each column, blocks of rows of 4 or 8 bits with a scale and a zero
/// point (ONNX Runtime, docs/ContribOperators.md).
/// </summary>
internal sealed class BlockMatrix : StoredMatrix
{
    private const int PackedInput = 1;
    private const int ScalesInput = 2;
    private const int ZerosInput = 3;
    private const int OrderInput = 4;

    private readonly LevelMatrix _levels;
    private readonly int _bits;
    private readonly int _block;

    private BlockMatrix(Node node, LevelMatrix levels, int bits, int block)
        : base(node) => (_levels, _bits, _block) = (levels, bits, block);

    /// <inheritdoc/>
    public override int Rows => _levels.Rows;

    /// <inheritdoc/>
    public override int Columns => _levels.Columns;

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Constants => [Node.Inputs[PackedInput]!];

    /// <summary>Reads a node's matrix; null where it is packed in another way.</summary>
    public static BlockMatrix? Of(Node node)
    {
        var (rows, columns) = (Integer(node, "K", 0), Integer(node, "N", 0));
        var (bits, block) = (Integer(node, "bits", 4), Integer(node, "block_size", 0));
        if (
            bits is not (4 or 8)
            || block < 16
            || rows < 1
            || columns < 1
            || node.InputOrNull(OrderInput) is not null
            || node.InputOrNull(PackedInput)?.Initializer is not { ElementType: ElementType.UInt8 } packed
            || node.InputOrNull(ScalesInput)?.Initializer is not { } scales
            || scales.ElementType is not (ElementType.Float32 or ElementType.Float16)
        )
            return null;
        var blocks = GroupLayout.Blocks(rows, block);
        var zeros = node.InputOrNull(ZerosInput)?.Initializer;
        if (
            packed.Count != (long)columns * blocks * block * bits / 8
            || scales.Count != (long)columns * blocks
            || (node.InputOrNull(ZerosInput) is not null && zeros?.ElementType != ElementType.UInt8)
            || (zeros is not null && zeros.Count != (long)columns * ZeroBytes(blocks, bits))
        )
            return null;
        var range = LevelRange.Of(bits, isSigned: false, scales.ElementType) with
        {
            HasZeroPoints = zeros is not null,
            HasNegativeScales = true,
        };
        var levels = new LevelMatrix(rows, columns, range, new GroupLayout((rows, columns), block, 1, isByColumn: true))
        {
            Levels = LevelsOf(packed.ReadBytes().Span, rows, columns, block, bits),
            Scales = ScalesOf(scales.ReadFloats(), zeros is null ? default : zeros.ReadBytes().Span, blocks, bits),
        };
        return new BlockMatrix(node, levels, bits, block);
    }

    /// <inheritdoc/>
    public override float[] Read() => _levels.Numbers();

    /// <inheritdoc/>
    public override WeightRounding? Write(float[] numbers, NameScope names)
    {
        var rounding = Hold(_levels, numbers);
        Set(_levels, _block, names, setsScales: rounding is not null);
        return rounding;
    }

    /// <summary>Columns as they are; rows by whole blocks, or smaller ones that have a scale each.</summary>
    public override string? Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names)
    {
        if (KeepInBlocks(_levels, rows, columns) is not { } found)
            return OfWholeBlocks(_levels);
        Set(found.Kept, found.Block, names, setsScales: true);
        Node.SetAttribute(NodeAttribute.Of("K", rows.Count));
        Node.SetAttribute(NodeAttribute.Of("N", columns.Count));
        Node.SetAttribute(NodeAttribute.Of("block_size", found.Block));
        return null;
    }

    private void Set(LevelMatrix levels, int block, NameScope names, bool setsScales)
    {
        var (columns, blocks) = (levels.Columns, GroupLayout.Blocks(levels.Rows, block));
        long[] sizes = [columns, blocks, block * _bits / 8];
        Set(PackedInput, "weight", names, TensorData.FromBytes(ElementType.UInt8, sizes, Packed(levels, block)));
        if (!setsScales)
            return;
        var scales = Node.Inputs[ScalesInput]!.Initializer!;
        var numbers = Array.ConvertAll(levels.Scales, scale => scale.Scale);
        Set(ScalesInput, "scales", names, TensorData.Rounded(scales.ElementType, Sizes(scales, blocks), numbers));
        if (Node.InputOrNull(ZerosInput)?.Initializer is not { } zeros)
            return;
        var points = Zeros(levels, blocks);
        sizes = Sizes(zeros, ZeroBytes(blocks, _bits));
        Set(ZerosInput, "zeros", names, TensorData.FromBytes(zeros.ElementType, sizes, points));

        // Flat, or a row for each column of the matrix.
        long[] Sizes(TensorData like, int each) => like.Dimensions.Length == 1 ? [columns * each] : [columns, each];
    }

    private byte[] Packed(LevelMatrix levels, int block)
    {
        var stride = GroupLayout.Blocks(levels.Rows, block) * block;
        var bytes = new byte[SizeProduct.ToMake(1, "The weights", levels.Columns, stride * _bits / 8)];
        for (var column = 0; column < levels.Columns; column++)
        {
            for (var row = 0; row < stride; row++)
                PackedLevels.Write(bytes, (column * stride) + row, _bits, Level(row, column));
        }

        return bytes;

        // Zeros fill the last block.
        int Level(int row, int column) =>
            row < levels.Rows
                ? levels.Levels[(row * levels.Columns) + column]
                : levels.Scales[levels.Groups.Of(levels.Rows - 1, column)].Zero;
    }

    private byte[] Zeros(LevelMatrix levels, int blocks)
    {
        var bytes = new byte[levels.Columns * ZeroBytes(blocks, _bits)];
        for (var group = 0; group < levels.Scales.Length; group++)
            PackedLevels.Write(bytes, ZeroAt(group, blocks, _bits), _bits, levels.Scales[group].Zero);
        return bytes;
    }

    private void Set(int input, string name, NameScope names, TensorData data) =>
        Node.SetInput(input, Constant(name, data, names));

    private static short[] LevelsOf(ReadOnlySpan<byte> packed, int rows, int columns, int block, int bits)
    {
        var levels = new short[SizeProduct.ToMake(sizeof(short), "The weights", rows, columns)];
        var stride = GroupLayout.Blocks(rows, block) * block;
        for (var column = 0; column < columns; column++)
        {
            for (var row = 0; row < rows; row++)
                levels[(row * columns) + column] = PackedLevels.Read(packed, (column * stride) + row, bits, false);
        }

        return levels;
    }

    private static LevelScale[] ScalesOf(float[] scales, ReadOnlySpan<byte> zeros, int blocks, int bits)
    {
        var found = new LevelScale[scales.Length];
        for (var group = 0; group < scales.Length; group++)
            found[group] = new LevelScale(
                scales[group],
                zeros.IsEmpty ? 1 << (bits - 1) : PackedLevels.Read(zeros, ZeroAt(group, blocks, bits), bits, false)
            );
        return found;
    }

    // Each column begins with a new byte.
    private static int ZeroAt(int group, int blocks, int bits) =>
        (group / blocks * ZeroBytes(blocks, bits) * (8 / bits)) + (group % blocks);

    private static int ZeroBytes(int blocks, int bits) => ((blocks * bits) + 7) / 8;

    private static int Integer(Node node, string name, int otherwise) =>
        node.FindAttribute(name) is { Kind: AttributeKind.Integer, Integer: >= 0 and <= int.MaxValue } found
            ? (int)found.Integer
            : otherwise;
}
