using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Queries, keys and values from one product or from three.</summary>
internal static class PackedVariants
{
    /// <summary>A product whose output is split into parts becomes a product a part.</summary>
    public static void Unpack(Model model)
    {
        foreach (var split in model.Graph.AllNodes().Where(node => node.Operator is ("", "Split")).ToList())
        {
            var sum = split.Inputs[0]!.Producer;
            var product =
                sum?.Operator.OperatorType == "Add"
                    ? sum.Inputs.Select(input => input!.Producer).FirstOrDefault(node => node is not null)
                    : sum;
            if (
                product is null
                || !(ModelVariants.IsLinear(product) || IsFlat(product))
                || split.Inputs[0]!.Uses.Count(use => use.Node.Operator.OperatorType != "Shape") != 1
            )
                continue;
            Unpack(
                model,
                split,
                product,
                sum == product ? null : sum!.Inputs.First(input => input!.Producer != product)
            );
        }
    }

    /// <summary>Three products with one input become one, split into three.</summary>
    public static void Pack(Model model)
    {
        var groups = model
            .Graph.AllNodes()
            .Where(ModelVariants.IsLinear)
            .GroupBy(node => node.Inputs[0]!)
            .Where(group => group.Count() == 3)
            .ToList();
        foreach (var group in groups)
        {
            var nodes = group.ToList();
            var weights = nodes.ConvertAll(node => node.Inputs[1]!.Initializer!);
            var ops = ModelVariants.Builder(model, nodes[0].Graph!);
            var packed = ops.Graph.AddInitializer(ops.Names.Unique("variant/packed"), Beside(weights));
            var product = ops.Emit("MatMul", [group.Key, packed]);
            var sizes = weights.Select(weight => weight.Dimensions[1]).ToArray();
            var parts = ops.EmitMany(
                "Split",
                ops.OperatorSetVersion >= 13 ? [product, ops.Constant(sizes)] : [product],
                Attributes(ops, sizes),
                "",
                3
            );
            for (var part = 0; part < parts.Length; part++)
                ModelVariants.Replace(nodes[part], parts[part], ops);
        }
    }

    private static IEnumerable<NodeAttribute> Attributes(OpBuilder ops, long[] sizes) =>
        ops.OperatorSetVersion >= 13
            ? [NodeAttribute.Of("axis", -1L)]
            : [NodeAttribute.Of("axis", -1L), NodeAttribute.Of("split", [.. sizes])];

    private static bool IsFlat(Node node) =>
        node.Operator is ("", "Gemm") && node.Inputs[1] is { Initializer.Dimensions.Length: 2 };

    private static void Unpack(Model model, Node split, Node product, Value? bias)
    {
        if (new TypeInference().RankOf(split.Inputs[0]!) != 3 || IsFlat(product))
            return;
        var ops = ModelVariants.Builder(model, split.Graph!);
        var weight = product.Inputs[1]!.Initializer!;
        var start = 0;
        var width = (int)weight.Dimensions[1] / split.Outputs.Count;
        foreach (var output in split.Outputs.OfType<Value>().ToList())
        {
            var part = ops.Emit(
                "MatMul",
                [
                    product.Inputs[0],
                    ops.Graph.AddInitializer(ops.Names.Unique("variant/part"), Columns(weight, start, width)),
                ]
            );
            if (bias is { Initializer: { } numbers })
                part = ops.Add(
                    part,
                    ops.Graph.AddInitializer(
                        ops.Names.Unique("variant/bias"),
                        TensorData.FromFloats([width], numbers.ReadFloats().AsSpan(start, width))
                    )
                );
            part.Type = output.Type;
            split.Graph!.Redirect(output, part, ops.Names);
            start += width;
        }

        split.Graph!.Remove(split);
    }

    private static TensorData Columns(TensorData matrix, int start, int width)
    {
        var (rows, columns, values) = ((int)matrix.Dimensions[0], (int)matrix.Dimensions[1], matrix.ReadFloats());
        var part = new float[rows * width];
        for (var row = 0; row < rows; row++)
            values.AsSpan((row * columns) + start, width).CopyTo(part.AsSpan(row * width));
        return TensorData.FromFloats([rows, width], part);
    }

    private static TensorData Beside(List<TensorData> matrices)
    {
        var rows = (int)matrices[0].Dimensions[0];
        var values = matrices.ConvertAll(matrix => matrix.ReadFloats());
        var all = Enumerable
            .Range(0, rows)
            .SelectMany(row =>
                values.SelectMany(matrix => matrix.AsSpan(row * (matrix.Length / rows), matrix.Length / rows).ToArray())
            );
        return TensorData.FromFloats([rows, matrices.Sum(matrix => matrix.Dimensions[1])], [.. all]);
    }
}
