using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Products with weights in blocks of few bits, as ONNX Runtime documents MatMulNBits.</summary>
/// <param name="Bits">4 or 8.</param>
/// <param name="HasZeroPoints">Whether blocks have zero points; else the middle level is zero.</param>
internal sealed record BlockQuantizer(int Bits, bool HasZeroPoints)
{
    private const int Block = 32;

    /// <summary>Gives a node that multiplies with a matrix of floats the same in blocks; removes the old one.</summary>
    public void Replace(Graph graph, NameScope names, Node product)
    {
        var data = product.Inputs[1]!.Initializer!;
        var (rows, columns) = ((int)data.Dimensions[0], (int)data.Dimensions[1]);
        var (packed, scales, zeros) = Quantized(data.ReadFloats(), rows, columns);
        var inputs = new List<Value?> { product.Inputs[0], Add("packed", packed), Add("scales", scales) };
        if (HasZeroPoints)
            inputs.Add(Add("zeros", zeros));
        var node = graph.AddNode(
            names.Unique($"{product.Name}_Q"),
            new OperatorKey(OperatorKey.Microsoft, "MatMulNBits"),
            inputs,
            [names.Unique("n/product")],
            [
                NodeAttribute.Of("K", rows),
                NodeAttribute.Of("N", columns),
                NodeAttribute.Of("bits", Bits),
                NodeAttribute.Of("block_size", Block),
            ],
            product
        );
        node.Output.Type = product.Output.Type;
        graph.Redirect(product.Output, node.Output, names);
        graph.Remove(product);

        Value Add(string name, TensorData constant) => graph.AddInitializer(names.Unique($"n/{name}"), constant);
    }

    private (TensorData Packed, TensorData Scales, TensorData Zeros) Quantized(float[] numbers, int rows, int columns)
    {
        var blocks = (rows + Block - 1) / Block;
        var packed = new byte[columns * blocks * Block * Bits / 8];
        var scales = new float[columns * blocks];
        var zeros = new byte[columns * (((blocks * Bits) + 7) / 8)];
        for (var group = 0; group < scales.Length; group++)
        {
            var (column, block) = Math.DivRem(group, blocks);
            var first = block * Block;
            var numbersOfBlock = Enumerable
                .Range(first, Math.Min(rows, first + Block) - first)
                .Select(row => numbers[(row * columns) + column])
                .ToList();
            (scales[group], var zero) = ScaleOf(numbersOfBlock);
            Write(zeros, (column * (zeros.Length / columns) * (8 / Bits)) + block, zero);
            for (var row = 0; row < numbersOfBlock.Count; row++)
                Write(
                    packed,
                    (column * blocks * Block) + first + row,
                    Math.Clamp((int)MathF.Round(numbersOfBlock[row] / scales[group]) + zero, 0, (1 << Bits) - 1)
                );
        }

        return (
            TensorData.FromBytes(ElementType.UInt8, [columns, blocks, Block * Bits / 8], packed),
            TensorData.FromFloats([columns, blocks], scales),
            TensorData.FromBytes(ElementType.UInt8, [columns, zeros.Length / columns], zeros)
        );
    }

    private (float Scale, int Zero) ScaleOf(IReadOnlyList<float> numbers)
    {
        var (low, high, levels) = (Math.Min(0, numbers.Min()), Math.Max(0, numbers.Max()), 1 << Bits);
        var scale = HasZeroPoints ? (high - low) / (levels - 1) : Math.Max(high, -low) / ((levels / 2) - 1);
        return (scale, HasZeroPoints ? (int)MathF.Round(-low / scale) : levels / 2);
    }

    /// <summary>The matrix of a node, <c>[rows, columns]</c>.</summary>
    public float[] Read(Node node)
    {
        var (rows, columns) = ((int)node.FindAttribute("K")!.Integer, (int)node.FindAttribute("N")!.Integer);
        var (packed, scales) = (node.Inputs[1]!.Initializer!.ReadBytes(), node.Inputs[2]!.Initializer!.ReadFloats());
        var (blocks, zeros) = ((rows + Block - 1) / Block, node.InputOrNull(3)?.Initializer?.ReadBytes());
        var numbers = new float[rows * columns];
        for (var column = 0; column < columns; column++)
        {
            for (var row = 0; row < rows; row++)
            {
                var group = (column * blocks) + (row / Block);
                var zero = zeros is { } bytes
                    ? Level(bytes.Span, (column * (bytes.Length / columns) * (8 / Bits)) + (row / Block))
                    : 1 << (Bits - 1);
                numbers[(row * columns) + column] =
                    (Level(packed.Span, (column * blocks * Block) + row) - zero) * scales[group];
            }
        }

        return numbers;
    }

    private int Level(ReadOnlySpan<byte> bytes, int index) =>
        Bits == 8 ? bytes[index] : (bytes[index / 2] >> (index % 2 * 4)) & 15;

    private void Write(byte[] bytes, int index, int level)
    {
        if (Bits == 8)
            bytes[index] = (byte)level;
        else
            bytes[index / 2] |= (byte)(level << (index % 2 * 4));
    }
}
