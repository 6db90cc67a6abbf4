using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Weights and biases behind a DequantizeLinear, as ONNX defines it.</summary>
/// <param name="Type">The type of the levels.</param>
/// <param name="Axis">The axis along which scales differ; null for one scale.</param>
/// <param name="Block">How many elements of the axis share a scale; 0 where each has its own.</param>
/// <param name="IsTransposed">Whether the matrix is stored by columns, behind a Transpose.</param>
internal sealed record LinearQuantizer(ElementType Type, int? Axis, int Block, bool IsTransposed)
{
    private int Bits => Type.BitWidth();

    private int Lowest => Type is ElementType.Int8 or ElementType.Int4 ? -(1 << (Bits - 1)) : 0;

    /// <summary>Quantises the matrix of every product of a layer, and the bias that is added to it.</summary>
    public void Quantize(Model model)
    {
        var ops = new OpBuilder(model.Graph, NameScope.Of(model), model.OperatorSetVersion, "quantised");
        foreach (var node in model.Graph.Nodes.Where(node => node.Operator.Name == "MatMul").ToList())
        {
            if (node.Inputs[1]!.Initializer is not { } data || !node.Name.Contains("layers", StringComparison.Ordinal))
                continue;
            node.SetInput(1, Matrix(ops, data));
            var sum = node.Output.Uses is [{ Node: { Operator.Name: "Add" } add }] ? add : null;
            if (sum?.Inputs.FirstOrDefault(input => input!.Initializer is not null) is { } bias)
                sum.SetInput(sum.Inputs[0] == bias ? 0 : 1, Vector(ops, bias.Initializer!));
        }

        GraphOrder.Sort(model.Graph);
    }

    private Value Matrix(OpBuilder ops, TensorData data)
    {
        var (rows, columns, numbers) = ((int)data.Dimensions[0], (int)data.Dimensions[1], data.ReadFloats());
        if (IsTransposed)
        {
            numbers =
            [
                .. Enumerable.Range(0, numbers.Length).Select(at => numbers[(at % rows * columns) + (at / rows)]),
            ];
            (rows, columns) = (columns, rows);
        }

        long[] shape =
            Axis is null ? []
            : Block == 0 ? [Axis == 0 ? rows : columns]
            : Axis == 0 ? [rows / Block, columns]
            : [rows, columns / Block];
        var groups = Enumerable
            .Range(0, numbers.Length)
            .Select(at => Group(at / columns, at % columns, columns))
            .ToArray();
        var scales = new float[groups.Max() + 1];
        var zeros = new int[scales.Length];
        foreach (var group in groups.Zip(numbers).GroupBy(pair => pair.First, pair => pair.Second))
        {
            var (low, high) = (Math.Min(0, group.Min()), Math.Max(0, group.Max()));
            scales[group.Key] = (high - low) / ((1 << Bits) - 1);
            zeros[group.Key] = Lowest + (int)MathF.Round(-low / scales[group.Key]);
        }

        var levels = numbers.Select((number, at) => Level(number / scales[groups[at]], zeros[groups[at]])).ToArray();
        var attributes = new List<NodeAttribute>();
        if (Axis is { } axis)
            attributes.Add(NodeAttribute.Of("axis", axis));
        if (Block > 0)
            attributes.Add(NodeAttribute.Of("block_size", Block));
        var matrix = ops.Emit(
            "DequantizeLinear",
            [
                Add(ops, Packed(levels, rows, columns)),
                Add(ops, TensorData.FromFloats(shape, scales)),
                Add(ops, Packed(zeros, shape)),
            ],
            [.. attributes]
        );
        return IsTransposed ? ops.Emit("Transpose", [matrix], [NodeAttribute.Of("perm", [1, 0])]) : matrix;
    }

    // As quantisers do: 32 bits without a zero point, a scale for each entry or one.
    private Value Vector(OpBuilder ops, TensorData data)
    {
        const float scale = 1e-4f;
        var levels = data.ReadFloats().SelectMany(number => BitConverter.GetBytes((int)MathF.Round(number / scale)));
        var scales = Axis is null
            ? TensorData.FromFloats([], [scale])
            : TensorData.FromFloats([data.Count], [.. Enumerable.Repeat(scale, (int)data.Count)]);
        return ops.Emit(
            "DequantizeLinear",
            [Add(ops, TensorData.FromBytes(ElementType.Int32, [data.Count], levels.ToArray())), Add(ops, scales)],
            [NodeAttribute.Of("axis", 0)]
        );
    }

    private int Group(int row, int column, int columns) =>
        (Axis, Block) switch
        {
            (null, _) => 0,
            (0, 0) => row,
            (_, 0) => column,
            (0, _) => (row / Block * columns) + column,
            _ => (row * (columns / Block)) + (column / Block),
        };

    private int Level(float steps, int zero) =>
        Math.Clamp((int)MathF.Round(steps) + zero, Lowest, Lowest + (1 << Bits) - 1);

    private TensorData Packed(int[] levels, params long[] shape)
    {
        var bytes = new byte[((levels.Length * Bits) + 7) / 8];
        for (var index = 0; index < levels.Length; index++)
            bytes[index * Bits / 8] |= (byte)((levels[index] & ((1 << Bits) - 1)) << (index * Bits % 8));
        return TensorData.FromBytes(Type, shape, bytes);
    }

    private static Value Add(OpBuilder ops, TensorData data) =>
        ops.Graph.AddInitializer(ops.Names.Unique("n/levels"), data);
}
