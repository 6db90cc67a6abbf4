using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that compute each element from those at the same place.</summary>
internal static class ElementwiseRules
{
    /// <summary>The shape of the first input; contents are something else.</summary>
    public static FactsRule LikeFirst { get; } = (node, _) => new TensorFacts(node.Axes(0));

    public static void AddTo(RuleTable table)
    {
        AddUnary(table);
        table.Add(Always(ElementType.Bool), LikeFirst, "IsNaN", "IsInf");
        table.Add(Like(0), Unchanged, "Identity", "Floor", "Ceil", "Round");
        table.Add(Like(1), Unchanged, "CastLike");
        table.Add(Named("to", Always(ElementType.Undefined)), Cast, "Cast");
        table.Add(Always(ElementType.Bool), Not, "Not");
        table.Add(First(Like(0), Always(ElementType.Bool)), LikeFirst, "Dropout");
        table.Add(Like(0, 1), Broadcast, "Pow", "PRelu", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor");
        table.Add(Like(0), Variadic, "Mean");
        table.AddMicrosoft(
            Like(0),
            LikeFirst,
            "Gelu",
            "FastGelu",
            "QuickGelu",
            "BiasGelu",
            "BiasAdd",
            "Rfft",
            "MoE",
            "QMoE"
        );
        table.AddMicrosoft(First(Like(0), Always(ElementType.Bool)), LikeFirst, "BiasDropout", "BitmaskDropout");
        table.AddMicrosoft(Like(0), BiasSplit, "BiasSplitGelu");
    }

    private static void AddUnary(RuleTable table) =>
        table.Add(
            Like(0),
            LikeFirst,
            "Acos",
            "Acosh",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "BitwiseNot",
            "Celu",
            "Clip",
            "Cos",
            "Cosh",
            "CumSum",
            "Elu",
            "Erf",
            "Exp",
            "FastGelu",
            "Gelu",
            "HardSigmoid",
            "HardSwish",
            "Hardmax",
            "LeakyRelu",
            "Log",
            "LogSoftmax",
            "Mish",
            "QuickGelu",
            "Reciprocal",
            "Relu",
            "ReverseSequence",
            "RotaryEmbedding",
            "ScaledTanh",
            "Selu",
            "Shrink",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Softmax",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Swish",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
            "Trilu"
        );

    /// <summary>The common shape of the first two inputs.</summary>
    public static TensorFacts Broadcast(NodeFacts node, int output) => new(CommonAxes(node));

    /// <summary>
    /// The common shape of the first two inputs; before operator set 7 the second was fitted to the first.
    /// </summary>
    public static Quantity[]? CommonAxes(NodeFacts node) =>
        node.Node.FindAttribute("broadcast") is null ? Broadcasting.Of(node.Axes(0), node.Axes(1)) : node.Axes(0);

    private static TensorFacts Variadic(NodeFacts node, int output) =>
        new(Broadcasting.Of([.. Enumerable.Range(0, node.Node.Inputs.Count).Select(node.Axes)]));

    // Whole numbers stay what they are.
    private static TensorFacts Unchanged(NodeFacts node, int output) => node.Input(0);

    private static TensorFacts Cast(NodeFacts node, int output)
    {
        var type = (ElementType)node.Integer("to", 0);
        return node.Input(0) with { Contents = node.Contents(0)?.Select(item => Held(item, type)).ToArray() };
    }

    // Numbers that the type does not hold become others: exporters cast "to the end" of 64 bits to 32.
    private static Quantity Held(Quantity item, ElementType type) =>
        item.Number is not { } number
            ? (type == ElementType.Bool ? Quantity.Unknown : item)
            : type switch
            {
                ElementType.Bool => Truth(number != 0),
                ElementType.Int64 => item,
                ElementType.Int32 when number is >= int.MinValue and <= int.MaxValue => item,
                ElementType.Float32 or ElementType.Float64 when Math.Abs(number) < 1 << 24 => item,
                _ when number is >= 0 and < 128 => item,
                _ => Quantity.Unknown,
            };

    private static TensorFacts Not(NodeFacts node, int output) =>
        node.Input(0) with
        {
            Contents = node.Contents(0)
                ?.Select(item => Truth(item.Number is { } number ? number == 0 : null))
                .ToArray(),
        };

    /// <summary>A boolean as a number.</summary>
    public static Quantity Truth(bool? isTrue) => isTrue is { } known ? Quantity.Of(known ? 1 : 0) : Quantity.Unknown;

    // Half of the last axis gates the other half.
    private static TensorFacts BiasSplit(NodeFacts node, int output) =>
        node.Axes(0) is { Length: > 0 } axes
            ? TensorFacts.Of([.. axes[..^1], axes[^1].DividedBy(Quantity.Of(2))])
            : TensorFacts.Unknown;
}
