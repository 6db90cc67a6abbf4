namespace OnnxIntervene.IR.Analysis;

/// <summary>The input and output widths of a linear layer's matrix.</summary>
internal sealed record MatrixWidths(int InputWidth, int OutputWidth)
{
    /// <summary>The matrix of a module that is a linear layer; null when it has none that can be read.</summary>
    public static MatrixWidths? Of(ModuleTree modules, string path, TypeInference types) =>
        modules.NodesOf(path).Select(node => Of(node, types)).FirstOrDefault(projection => projection is not null);

    /// <summary>The matrix that a node multiplies with; null when none is constant.</summary>
    public static MatrixWidths? Of(Node node, TypeInference types)
    {
        if (node.Operator is (OperatorKey.Microsoft, "MatMulNBits"))
            return new MatrixWidths(
                (int)(node.FindAttribute("K")?.Integer ?? 0),
                (int)(node.FindAttribute("N")?.Integer ?? 0)
            );
        if (
            node.Operator.OperatorType
                is not (
                    "MatMul"
                    or "Gemm"
                    or "FusedMatMul"
                    or "MatMulInteger"
                    or "MatMulIntegerToFloat"
                    or "DynamicQuantizeMatMul"
                    or "QLinearMatMul"
                )
            || node.InputOrNull(IsOfIntegers(node) ? 3 : 1) is not { } weight
            || (IsOfIntegers(node) && !IsReadAsNumbers(node.Output))
            || node.InputOrNull(0) is not { } input
            || GraphConstants.IsConstant(input)
            || GraphConstants.Dimensions(weight, types) is not { Length: 2 } sizes
        )
            return null;
        var (rows, columns) = ((int)sizes[0], (int)sizes[1]);
        return node.FindAttribute("transB") is { Integer: 1 }
            ? new MatrixWidths(columns, rows)
            : new MatrixWidths(rows, columns);
    }

    private static bool IsOfIntegers(Node node) => node.Operator.OperatorType == "QLinearMatMul";

    // What stays integers until another operator on integers has no place for an intervention.
    private static bool IsReadAsNumbers(Value output) =>
        output.Uses.Count > 0 && output.Uses.All(use => use.Node.Operator.OperatorType == "DequantizeLinear");
}
