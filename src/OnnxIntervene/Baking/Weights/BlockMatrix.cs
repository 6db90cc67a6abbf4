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
    private readonly int _blocks;

    private BlockMatrix(Node node, LevelMatrix levels, int bits, int block)
        : base(node)
    {
        (_levels, _bits, _block) = (levels, bits, block);
        _blocks = BlocksOf(levels.Rows, block);
    }

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
        var blocks = BlocksOf(rows, block);
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
        var levels = new LevelMatrix(rows, columns, range, new GroupLayout(block, 1, 1, blocks))
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
        Replace(PackedInput, "weight", names, Packed);
        if (rounding is null)
            return null;
        var scales = Node.Inputs[ScalesInput]!.Initializer!;
        Set(
            ScalesInput,
            "scales",
            names,
            TensorData.Rounded(
                scales.ElementType,
                scales.Dimensions.AsSpan(),
                Array.ConvertAll(_levels.Scales, scale => scale.Scale)
            )
        );
        if (Node.InputOrNull(ZerosInput) is not null)
            Replace(ZerosInput, "zeros", names, Zeros);
        return rounding;
    }

    /// <summary>Columns as they are; rows by whole blocks, since others have other scales.</summary>
    public override bool Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names)
    {
        var sources = rows.Chunk(_block)
            .Select(chunk => chunk.Select(row => row / _block).Distinct().ToArray())
            .ToList();
        if (sources.Exists(blocks => blocks.Length != 1))
            return false;
        var (packed, scales, zeros) = (Input(PackedInput), Input(ScalesInput)!, Input(ZerosInput));
        var bytes = new byte[columns.Count * sources.Count * _block * _bits / 8];
        var kept = new float[columns.Count * sources.Count];
        var points = new byte[columns.Count * ZeroBytes(sources.Count, _bits)];
        for (var column = 0; column < columns.Count; column++)
        {
            for (var row = 0; row < rows.Count; row++)
                PackedLevels.Write(
                    bytes,
                    (column * sources.Count * _block) + row,
                    _bits,
                    _levels.Levels[(rows[row] * Columns) + columns[column]]
                );
            for (var block = 0; block < sources.Count; block++)
            {
                var (group, old) = ((column * sources.Count) + block, (columns[column] * _blocks) + sources[block][0]);
                kept[group] = _levels.Scales[old].Scale;
                PackedLevels.Write(points, ZeroAt(group, sources.Count, _bits), _bits, _levels.Scales[old].Zero);
            }
        }

        Set(
            PackedInput,
            "weight",
            names,
            TensorData.FromBytes(packed!.ElementType, [columns.Count, sources.Count, _block * _bits / 8], bytes)
        );
        Set(ScalesInput, "scales", names, TensorData.Rounded(scales.ElementType, Sizes(scales, sources.Count), kept));
        if (zeros is not null)
            Set(
                ZerosInput,
                "zeros",
                names,
                TensorData.FromBytes(zeros.ElementType, Sizes(zeros, points.Length / columns.Count), points)
            );
        Node.SetAttribute(NodeAttribute.Of("K", rows.Count));
        Node.SetAttribute(NodeAttribute.Of("N", columns.Count));
        return true;

        // Flat, or a row for each column of the matrix.
        long[] Sizes(TensorData like, int each) =>
            like.Dimensions.Length == 1 ? [columns.Count * each] : [columns.Count, each];
    }

    private TensorData? Input(int index) => Node.InputOrNull(index)?.Initializer;

    private void Packed(byte[] bytes)
    {
        for (var column = 0; column < Columns; column++)
        {
            for (var row = 0; row < Rows; row++)
                PackedLevels.Write(
                    bytes,
                    (column * _blocks * _block) + row,
                    _bits,
                    _levels.Levels[(row * Columns) + column]
                );
        }
    }

    private void Zeros(byte[] bytes)
    {
        for (var group = 0; group < _levels.Scales.Length; group++)
            PackedLevels.Write(bytes, ZeroAt(group, _blocks, _bits), _bits, _levels.Scales[group].Zero);
    }

    private void Replace(int input, string name, NameScope names, Action<byte[]> change)
    {
        var data = Node.Inputs[input]!.Initializer!;
        var bytes = data.ReadBytes().ToArray();
        change(bytes);
        Set(input, name, names, TensorData.FromBytes(data.ElementType, data.Dimensions.AsSpan(), bytes));
    }

    private void Set(int input, string name, NameScope names, TensorData data) =>
        Node.SetInput(input, Node.Graph!.AddInitializer(names.Unique($"{Node.Name}/{name}"), data));

    private static short[] LevelsOf(ReadOnlySpan<byte> packed, int rows, int columns, int block, int bits)
    {
        var levels = new short[SizeProduct.ToMake(sizeof(short), "The weights", rows, columns)];
        var stride = BlocksOf(rows, block) * block;
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

    private static int BlocksOf(int rows, int block) => (rows + block - 1) / block;

    private static int Integer(Node node, string name, int otherwise) =>
        node.FindAttribute(name) is { Kind: AttributeKind.Integer, Integer: >= 0 and <= int.MaxValue } found
            ? (int)found.Integer
            : otherwise;
}
