namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// How many axes values have, as far as the file or the nodes around a value tell. Exporters leave most shapes out.
/// </summary>
internal sealed class Ranks
{
    /// <summary>The rank of a value of which nothing is known.</summary>
    public const int Unknown = -1;

    private const int DeepestChain = 400;
    private readonly Dictionary<Value, int> _known = [];

    /// <summary>How many axes the value has; <see cref="Unknown"/> when that cannot be told.</summary>
    public int Of(Value value) => Of(value, 0);

    private int Of(Value value, int depth)
    {
        if (value.Type?.Shape is { } shape)
            return shape.Rank;
        if (value.Initializer is { } data)
            return data.Dimensions.Length;
        if (_known.TryGetValue(value, out var rank))
            return rank;
        if (value.Producer is not { } producer || depth > DeepestChain)
            return Unknown;
        rank = IsCounts(value, producer) ? 1 : Infer(producer, depth + 1);
        _known.Add(value, rank);
        return rank;
    }

    private int Infer(Node node, int depth) =>
        node.Operator.OperatorType switch
        {
            "Constant" => node.FindAttribute("value") is { Kind: AttributeKind.Tensor } tensor
                ? tensor.Tensor.Dimensions.Length
                : Unknown,
            "Reshape" => Length(node.InputOrNull(1), depth),
            "Expand" => Length(node.InputOrNull(1), depth) is var length && length == Unknown
                ? Unknown
                : Math.Max(Input(node, 0, depth), length),
            "Range" => 1,
            "ConstantOfShape" => Length(node.InputOrNull(0), depth),
            "Transpose" => node.FindAttribute("perm")?.Integers.Length ?? Input(node, 0, depth),
            "Gemm" or "Flatten" => 2,
            "MatMulNBits" => Input(node, 0, depth),
            "Unsqueeze" => Shifted(Input(node, 0, depth), AxisCount(node)),
            "Squeeze" => Shifted(Input(node, 0, depth), -AxisCount(node)),
            "Gather" or "GatherBlockQuantized" => Gathered(Input(node, 0, depth), Input(node, 1, depth)),
            "Shape" => 1,
            "GroupQueryAttention" or "MultiHeadAttention" or "EmbedLayerNormalization" => 3,
            "Attention" => node.Operator.Domain.Length > 0 ? 3 : Input(node, 0, depth),
            "ReduceSum"
            or "ReduceMean"
            or "ReduceMax"
            or "ReduceMin"
            or "ReduceProd"
            or "ReduceL2"
            or "ArgMax"
            or "ArgMin" => Reduced(node, depth),
            "Einsum" => node.FindAttribute("equation")?.Text.Split("->") is [_, var output]
                ? output.Trim().Length
                : Unknown,
            "Add"
            or "Sub"
            or "Mul"
            or "Div"
            or "Pow"
            or "MatMul"
            or "FusedMatMul"
            or "Where"
            or "And"
            or "Or"
            or "Equal"
            or "Less"
            or "LessOrEqual"
            or "Greater"
            or "GreaterOrEqual"
            or "Mod"
            or "Max"
            or "Min" => Enumerable.Range(0, node.Inputs.Count).Max(index => Input(node, index, depth)),
            _ => Input(node, 0, depth),
        };

    private int Input(Node node, int index, int depth) =>
        node.InputOrNull(index) is { } input ? Of(input, depth) : Unknown;

    // How many tokens each row has, which the operator gives beside the embeddings.
    private static bool IsCounts(Value value, Node producer) =>
        producer.Operator.OperatorType == "EmbedLayerNormalization" && producer.OutputOrNull(1) == value;

    private int Reduced(Node node, int depth)
    {
        var rank = Input(node, 0, depth);
        if (rank == Unknown || node.FindAttribute("keepdims") is not { Integer: 0 })
            return rank;
        if (node.Operator.OperatorType is "ArgMax" or "ArgMin")
            return rank - 1;
        return node.FindAttribute("axes") is null && node.InputOrNull(1) is null ? 0 : rank - AxisCount(node);
    }

    // How long a row of sizes is: a computed one too, as long as its parts are known.
    private int Length(Value? sizes, int depth)
    {
        if (sizes is null)
            return Unknown;
        if (sizes.Type?.Shape is { Rank: 1 } shape && shape[0].Size is { } length)
            return (int)length;
        return sizes.Producer switch
        {
            { Operator.OperatorType: "Concat" } joined => joined.Inputs.Sum(part => PartLength(part, depth + 1)),
            _ when GraphConstants.Integers(sizes) is { } numbers => numbers.Length,
            { Operator.OperatorType: "Shape" } measured when measured.Attributes.Count == 0 => Input(
                measured,
                0,
                depth
            ),
            { Operator.OperatorType: "Cast" or "Identity" or "Where" } passed => Length(passed.Inputs[^1], depth + 1),
            _ => Unknown,
        };
    }

    // Exporters concatenate single sizes, or all of a shape but its last.
    private int PartLength(Value? part, int depth)
    {
        if (part?.Producer is not { Operator.OperatorType: "Slice" or "Shape" } producer)
            return part is not null && GraphConstants.Integers(part) is { } numbers ? numbers.Length : 1;
        var whole = Length(producer.Operator.OperatorType == "Slice" ? producer.Inputs[0] : part, depth);
        if (producer.Operator.OperatorType == "Shape" || whole == Unknown)
            return Math.Max(1, whole);
        var (start, end) = (Bound(producer, 1, whole), Bound(producer, 2, whole));
        return start is null || end is null ? 1 : Math.Max(0, end.Value - start.Value);
    }

    private static int? Bound(Node slice, int input, int length) =>
        slice.InputOrNull(input) is { } bound && GraphConstants.Integers(bound) is [{ } number]
            ? (int)Math.Clamp(number < 0 ? number + length : number, 0, length)
            : null;

    private static int AxisCount(Node node) =>
        node.FindAttribute("axes")?.Integers.Length
        ?? (node.InputOrNull(1) is { } axes ? GraphConstants.Integers(axes)?.Length ?? 1 : 1);

    private static int Shifted(int rank, int by) => rank == Unknown ? Unknown : rank + by;

    private static int Gathered(int data, int indices) =>
        data == Unknown || indices == Unknown ? Unknown : data + indices - 1;
}
