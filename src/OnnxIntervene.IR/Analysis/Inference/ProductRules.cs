using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Products of matrices.</summary>
internal static class ProductRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(Like(0, 1), (node, _) => Product(node.Axes(0), node.Axes(1)), "MatMul");
        table.Add(Always(ElementType.Int32), (node, _) => Product(node.Axes(0), node.Axes(1)), "MatMulInteger");
        table.Add(Like(7), (node, _) => Product(node.Axes(0), node.Axes(3)), "QLinearMatMul");
        table.Add(Like(0, 1, 2), Gemm, "Gemm");
        table.Add(Like(0, 1), Einsum, "Einsum");
        table.Add(Like(0), Determinant, "Det");
        table.AddMicrosoft(Like(0, 1), Fused, "FusedMatMul", "TransposeMatMul", "FusedMatMulActivation");
        table.AddMicrosoft(Like(0, 1), Gemm, "FusedGemm");
        table.AddMicrosoft(Like(0, 1), (node, _) => Product(node.Axes(0), node.Axes(1)), "GemmFastGelu");
        table.AddMicrosoft(Like(2, 3), (node, _) => Product(node.Axes(0), node.Axes(1)), "MatMulIntegerToFloat");
        table.AddMicrosoft(Like(0), (node, _) => Product(node.Axes(0), node.Axes(1)), "DynamicQuantizeMatMul");
        table.AddMicrosoft(
            Always(ElementType.Int32),
            (node, _) => Product(node.Axes(0), node.Axes(1)),
            "MatMulInteger16"
        );
        table.AddMicrosoft(Like(0), WithWidth, "MatMulNBits", "MatMulBnb4", "MatMulFpQ4");
    }

    /// <summary>The shape of a product as numpy has it: rows are independent, and outer axes broadcast.</summary>
    public static TensorFacts Product(Quantity[]? left, Quantity[]? right)
    {
        if (left is null || right is null || left.Length == 0 || right.Length == 0)
            return TensorFacts.Unknown;
        Quantity[] rows = left.Length == 1 ? [] : [left[^2]];
        Quantity[] columns = right.Length == 1 ? [] : [right[^1]];
        var outer = Broadcasting.Of(left[..Math.Max(0, left.Length - 2)], right[..Math.Max(0, right.Length - 2)]);
        return TensorFacts.Of([.. outer!, .. rows, .. columns]);
    }

    private static TensorFacts Gemm(NodeFacts node, int output)
    {
        var rows = node.Axis(0, node.Integer("transA", 0) == 0 ? 0 : 1);
        var columns = node.Axis(1, node.Integer("transB", 0) == 0 ? 1 : 0);
        return TensorFacts.Of(rows, columns);
    }

    private static TensorFacts Fused(NodeFacts node, int output)
    {
        if (node.Integer("transBatchA", 0) != 0 || node.Integer("transBatchB", 0) != 0)
            return node.Axes(0) is { } axes ? TensorFacts.OfRank(axes.Length) : TensorFacts.Unknown;
        return Product(Transposed(node.Axes(0), node, "transA"), Transposed(node.Axes(1), node, "transB"));
    }

    private static Quantity[]? Transposed(Quantity[]? axes, NodeFacts node, string attribute) =>
        axes is { Length: > 1 } && node.Integer(attribute, 0) != 0 ? [.. axes[..^2], axes[^1], axes[^2]] : axes;

    private static TensorFacts WithWidth(NodeFacts node, int output) =>
        node.Axes(0) is { Length: > 0 } axes
            ? TensorFacts.Of([
                .. axes[..^1],
                node.Integer("N", 0) is > 0 and var width ? Quantity.Of(width) : Quantity.Unknown,
            ])
            : TensorFacts.Unknown;

    private static TensorFacts Determinant(NodeFacts node, int output) =>
        node.Axes(0) is { Length: >= 2 } axes ? TensorFacts.Of(axes[..^2]) : TensorFacts.Unknown;

    private static TensorFacts Einsum(NodeFacts node, int output)
    {
        var equation = node.Node.FindAttribute("equation")?.Text.Replace(" ", "", StringComparison.Ordinal) ?? "";
        if (equation.Contains('.', StringComparison.Ordinal) || equation.Split("->") is not [var given, var result])
            return TensorFacts.Unknown;
        var sizes = new Dictionary<char, Quantity>();
        foreach (var (letters, input) in given.Split(',').Select((letters, input) => (letters, input)))
        {
            var axes = node.Axes(input);
            for (var axis = 0; axis < letters.Length && axes?.Length == letters.Length; axis++)
                sizes[letters[axis]] = Broadcasting.Axis(
                    sizes.GetValueOrDefault(letters[axis], axes[axis]),
                    axes[axis]
                );
        }

        return TensorFacts.Of([.. result.Select(letter => sizes.GetValueOrDefault(letter))]);
    }
}
