using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Weights;

/// <summary>
/// A matrix of 8-bit integers that products of integers are made with, with a scale and a zero point for the matrix, or
/// for each column: MatMulInteger, whose product the graph scales, and MatMulIntegerToFloat and DynamicQuantizeMatMul
/// of ONNX Runtime (docs/ContribOperators.md), which scale it themselves.
/// </summary>
internal sealed class IntegerMatrix : StoredMatrix
{
    private const int PackedInput = 1;

    private readonly LevelMatrix _levels;
    private readonly (Node Node, int Input) _scale;
    private readonly int _zeros;

    private IntegerMatrix(Node node, LevelMatrix levels, (Node Node, int Input) scale, int zeros)
        : base(node) => (_levels, _scale, _zeros) = (levels, scale, zeros);

    /// <inheritdoc/>
    public override int Rows => _levels.Rows;

    /// <inheritdoc/>
    public override int Columns => _levels.Columns;

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Constants => [Node.Inputs[PackedInput]!];

    /// <summary>Whether the node is one of these operators.</summary>
    public static bool IsOf(Node node) =>
        node.Operator.OperatorType is "MatMulInteger" or "MatMulIntegerToFloat" or "DynamicQuantizeMatMul";

    /// <summary>Reads a node's matrix; null where it, its scale or its zero points are no constants.</summary>
    public static IntegerMatrix? Of(Node node)
    {
        var zeroInput = node.Operator.OperatorType == "MatMulIntegerToFloat" ? 5 : 3;
        if (
            node.InputOrNull(PackedInput)?.Initializer is not { Dimensions.Length: 2 } packed
            || packed.ElementType is not (ElementType.Int8 or ElementType.UInt8)
            || ScaleOf(node) is not { } scale
            || scale.Node.Inputs[scale.Input]!.Initializer is not { } scales
            || !scales.ElementType.IsFloat()
        )
            return null;
        var size = (Rows: (int)packed.Dimensions[0], Columns: (int)packed.Dimensions[1]);
        var zeros = node.InputOrNull(zeroInput)?.Initializer;
        if (
            (scales.Count != 1 && scales.Count != size.Columns)
            || (node.InputOrNull(zeroInput) is not null && zeros?.ElementType != packed.ElementType)
            || (zeros is not null && zeros.Count != 1 && zeros.Count != scales.Count)
        )
            return null;
        var levels = LevelsOf(packed, scales, zeros, size);
        return new IntegerMatrix(node, levels, scale, zeroInput);
    }

    /// <inheritdoc/>
    public override float[] Read() => _levels.Numbers();

    /// <inheritdoc/>
    public override WeightRounding? Write(float[] numbers, NameScope names)
    {
        var rounding = Hold(_levels, numbers);
        SetLevels(_levels, names);
        if (rounding is null)
            return null;
        SetScales(_levels, names);
        if (_levels.Range.HasZeroPoints)
            SetZeros(_levels, names);
        return rounding;
    }

    /// <summary>Any rows and columns. A scale that the graph multiplies with is another node's to cut.</summary>
    public override string? Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names)
    {
        var kept = _levels.Keep(rows, columns)!;
        SetLevels(kept, names);
        if (_scale.Node == Node)
            SetScales(kept, names);
        if (Node.InputOrNull(_zeros)?.Initializer is { Count: > 1 })
            SetZeros(kept, names);
        return null;
    }

    private static LevelMatrix LevelsOf(
        TensorData packed,
        TensorData scales,
        TensorData? zeros,
        (int Rows, int Columns) size
    )
    {
        var isSigned = packed.ElementType == ElementType.Int8;
        var points = zeros is null ? [] : Unpacked(zeros, isSigned);
        var levels = Unpacked(packed, isSigned);
        var range = LevelRange.Of(8, isSigned, scales.ElementType).LeavingOverflow(levels) with
        {
            HasZeroPoints = points.Length == scales.Count && points.Any(point => point != (isSigned ? 0 : 1 << 7)),
        };
        return new LevelMatrix(
            size.Rows,
            size.Columns,
            range,
            new GroupLayout(size, size.Rows, scales.Count == 1 ? size.Columns : 1)
        )
        {
            Levels = levels,
            Scales =
            [
                .. scales
                    .ReadFloats()
                    .Select(
                        (scale, group) =>
                            new LevelScale(
                                scale,
                                points switch
                                {
                                    [] => 0,
                                    [var one] => one,
                                    _ => points[group],
                                }
                            )
                    ),
            ],
        };
    }

    // An input of the node, or the constant factor of what its product is multiplied with.
    private static (Node Node, int Input)? ScaleOf(Node product)
    {
        if (product.Operator.OperatorType == "MatMulIntegerToFloat")
            return (product, 3);
        if (product.Operator.OperatorType == "DynamicQuantizeMatMul")
            return (product, 2);
        for (var value = product.Output; LinearLayers.OnlyUse(value) is { } use; value = use.Node.Output)
        {
            if (use.Node.Operator.OperatorType == "Mul")
            {
                if (ConstantFactor(use.Node, 1 - use.InputIndex) is { } found)
                    return found;
                if (!IntegerProducts.IsScale(use.Node.Inputs[1 - use.InputIndex]!))
                    return null;
            }
            else if (!Dataflow.IsTransparent(use.Node))
                return null;
        }

        return null;
    }

    // Both scales may be multiplied first, for this product alone.
    private static (Node Node, int Input)? ConstantFactor(Node product, int input)
    {
        if (product.Inputs[input]!.Initializer is not null)
            return (product, input);
        if (product.Inputs[input] is not { Uses.Count: 1, Producer: { Operator.OperatorType: "Mul" } scales })
            return null;
        return scales.Inputs[0]!.Initializer is not null ? (scales, 0)
            : scales.Inputs[1]!.Initializer is not null ? (scales, 1)
            : null;
    }

    private static short[] Unpacked(TensorData data, bool isSigned) =>
        Array.ConvertAll(data.ReadBytes().ToArray(), level => isSigned ? (sbyte)level : (short)level);

    private void SetLevels(LevelMatrix levels, NameScope names)
    {
        var type = Node.Inputs[PackedInput]!.Initializer!.ElementType;
        long[] sizes = [levels.Rows, levels.Columns];
        var bytes = Array.ConvertAll(levels.Levels, level => (byte)level);
        Set(Node, PackedInput, "weight", names, TensorData.FromBytes(type, sizes, bytes));
    }

    private void SetScales(LevelMatrix levels, NameScope names)
    {
        var data = _scale.Node.Inputs[_scale.Input]!.Initializer!;
        var scales = Array.ConvertAll(levels.Scales, scale => scale.Scale);
        Set(
            _scale.Node,
            _scale.Input,
            "scale",
            names,
            TensorData.Rounded(data.ElementType, Sizes(data, scales), scales)
        );
    }

    private void SetZeros(LevelMatrix levels, NameScope names)
    {
        var data = Node.Inputs[_zeros]!.Initializer!;
        var zeros = Array.ConvertAll(levels.Scales, scale => (byte)scale.Zero);
        Set(Node, _zeros, "zero", names, TensorData.FromBytes(data.ElementType, Sizes(data, zeros), zeros));
    }

    // The last axis is that of the columns.
    private static long[] Sizes(TensorData like, Array kept) =>
        like.Dimensions.IsEmpty ? [] : [.. like.Dimensions[..^1], kept.Length];

    private void Set(Node reader, int input, string name, NameScope names, TensorData data) =>
        reader.SetInput(input, Constant(name, data, names));
}
