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
        var (blocks, numbers) = ((rows + Block - 1) / Block, data.ReadFloats());
        var packed = new byte[columns * blocks * Block * Bits / 8];
        var scales = new float[columns * blocks];
        var zeros = new byte[columns * (((blocks * Bits) + 7) / 8)];
        for (var column = 0; column < columns; column++)
        {
            for (var block = 0; block < blocks; block++)
                Quantize(column, block);
        }

        var inputs = new List<Value?>
        {
            product.Inputs[0],
            graph.AddInitializer(
                names.Unique("n/packed"),
                TensorData.FromBytes(ElementType.UInt8, [columns, blocks, Block * Bits / 8], packed)
            ),
            graph.AddInitializer(names.Unique("n/scales"), TensorData.FromFloats([columns, blocks], scales)),
        };
        if (HasZeroPoints)
            inputs.Add(
                graph.AddInitializer(
                    names.Unique("n/zeros"),
                    TensorData.FromBytes(ElementType.UInt8, [columns, zeros.Length / columns], zeros)
                )
            );
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

        void Quantize(int column, int block)
        {
            var (first, end) = (block * Block, Math.Min(rows, (block + 1) * Block));
            var group = Enumerable.Range(first, end - first).Select(row => numbers[(row * columns) + column]).ToList();
            var (low, high) = (Math.Min(0, group.Min()), Math.Max(0, group.Max()));
            var levels = 1 << Bits;
            var scale = HasZeroPoints ? (high - low) / (levels - 1) : Math.Max(high, -low) / ((levels / 2) - 1);
            var zero = HasZeroPoints ? (int)MathF.Round(-low / scale) : levels / 2;
            scales[(column * blocks) + block] = scale;
            Write(zeros, (column * (zeros.Length / columns) * (8 / Bits)) + block, zero);
            for (var row = first; row < end; row++)
                Write(
                    packed,
                    (column * blocks * Block) + row,
                    Math.Clamp((int)MathF.Round(group[row - first] / scale) + zero, 0, levels - 1)
                );
        }
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
