namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which operators act on each position of <c>[batch, position, width]</c> alone, or on each row of
/// <c>[batch · position, width]</c> where a model flattens before it multiplies.
/// </summary>
internal sealed class PositionWise(int operatorSetVersion)
{
    private const int Whole = 3;
    private const int Flat = 2;
    private readonly TypeInference _types = new();

    /// <summary>How many axes the value has; null when unknown.</summary>
    public int? RankOf(Value value) => _types.RankOf(value);

    /// <summary>Whether the node multiplies with a matrix: what projecting fewer rows saves.</summary>
    public static bool IsProjection(Node node) =>
        node.Operator.OperatorType
            is "MatMul"
                or "FusedMatMul"
                or "Gemm"
                or "MatMulNBits"
                or "MatMulInteger"
                or "MatMulIntegerToFloat"
                or "QLinearMatMul";

    /// <summary>
    /// The index of the input that holds the positions, when each position of the node's output depends on the same
    /// position of that input alone; -1 when that is not certain.
    /// </summary>
    public int PositionsInput(Node node, Value output, bool isFlat)
    {
        if (node.OutputOrNull(0) != output)
            return -1;
        var rank = isFlat ? Flat : Whole;
        return node.Operator.OperatorType switch
        {
            "Cast"
            or "Identity"
            or "Dropout"
            or "Tanh"
            or "Sigmoid"
            or "Relu"
            or "Neg"
            or "Abs"
            or "Exp"
            or "Log"
            or "Sqrt"
            or "Erf"
            or "Gelu"
            or "FastGelu"
            or "QuickGelu"
            or "Softplus"
            or "Softcap" => 0,
            "Clip" or "DequantizeLinear" or "QuantizeLinear" => OthersAreNumbers(node, 0),
            "Add" or "Sub" or "Mul" or "Div" or "Pow" or "Min" or "Max" or "Where" => Varying(node, rank),
            "Softmax" or "LogSoftmax" => IsAlongRows(node, rank) ? 0 : -1,
            "MatMul" or "FusedMatMul" => IsPlainProduct(node) ? 0 : -1,
            "Gemm" => isFlat && IsPlainGemm(node) ? 0 : -1,
            "MatMulNBits" => Constants(node, 1),
            "MatMulInteger" => IsPlainProduct(node) && NumberOrNone(node, 2) && ConstantOrNone(node, 3) ? 0 : -1,
            "MatMulIntegerToFloat" => IsPlainProduct(node)
            && NumberOrNone(node, 2)
            && NumberOrNone(node, 4)
            && Enumerable.Range(3, 4).Where(index => index != 4).All(index => ConstantOrNone(node, index))
                ? 0
                : -1,
            "QLinearMatMul" => NumberOrNone(node, 1) && NumberOrNone(node, 2) ? Constants(node, 3) : -1,
            _ => -1,
        };
    }

    /// <summary>
    /// Whether a Reshape puts batch and positions together, or takes them apart again: one side has three axes, the
    /// other two, and the last axis stays.
    /// </summary>
    public bool IsFlattening(Node node, bool isFlat) =>
        node is { Operator.OperatorType: "Reshape", Inputs: [{ } before, not null] }
        && _types.RankOf(before) == (isFlat ? Whole : Flat)
        && _types.WidthOf(node.Output) is > 0 and var width
        && _types.WidthOf(before) == width;

    // One operand has the positions; the others are the same at each. Where the first is a number, the second decides.
    private int Varying(Node node, int rank)
    {
        var varying = Enumerable
            .Range(0, node.Inputs.Count)
            .Where(index => node.Inputs[index] is not { } input || !RowOperands.IsRow(input, rank, _types))
            .ToList();
        if (varying is not [var index] || node.Inputs[index] is not { } data)
            return -1;

        // An operand with more axes than the positions' would add some.
        var known = _types.RankOf(data);
        return known == rank || known is null && HaveNoMoreThanOneAxis(node, index) ? index : -1;
    }

    private bool HaveNoMoreThanOneAxis(Node node, int except) =>
        node.Inputs.Where((_, index) => index != except).All(input => _types.RankOf(input!) is 0 or 1);

    private int OthersAreNumbers(Node node, int index) =>
        node
            .Inputs.Where((input, at) => at != index && input is not null)
            .All(input => RowOperands.IsNumber(input!, _types))
            ? index
            : -1;

    // Before operator set 13 the standard's axis was counted from the front and included all axes after it.
    private bool IsAlongRows(Node node, int rank) =>
        node.FindAttribute("axis") is { } axis
            ? axis.Integer == rank - 1 || (operatorSetVersion >= 13 && axis.Integer == -1)
            : operatorSetVersion >= 13 || rank == Flat;

    private bool IsPlainProduct(Node node) =>
        node.InputOrNull(0) is { } left
        && !GraphConstants.IsConstant(left)
        && node.InputOrNull(1) is { } matrix
        && _types.RankOf(matrix) == Flat
        && Off(node, "transA")
        && Off(node, "transBatchA")
        && Off(node, "transBatchB");

    private bool IsPlainGemm(Node node) =>
        IsPlainProduct(node) && (node.InputOrNull(2) is not { } bias || RowOperands.IsRow(bias, Flat, _types));

    private static bool Off(Node node, string attribute) => node.FindAttribute(attribute) is not { Integer: not 0 };

    private bool NumberOrNone(Node node, int index) =>
        node.InputOrNull(index) is not { } input || RowOperands.IsNumber(input, _types);

    private static bool ConstantOrNone(Node node, int index) =>
        node.InputOrNull(index) is not { } input || GraphConstants.IsConstant(input);

    private static int Constants(Node node, int from) =>
        Enumerable.Range(from, Math.Max(0, node.Inputs.Count - from)).All(index => ConstantOrNone(node, index))
            ? 0
            : -1;
}
