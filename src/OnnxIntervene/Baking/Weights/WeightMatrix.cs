using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>
/// The matrix that a node multiplies with, or chooses rows of, as floats <c>[rows, columns]</c>: what is read goes in
/// by rows, what is computed comes out by columns.
/// </summary>
internal sealed class WeightMatrix
{
    private readonly StoredMatrix _stored;
    private readonly string _what;

    private WeightMatrix(StoredMatrix stored, string what)
    {
        (_stored, _what) = (stored, what);
        Numbers = stored.Read();
    }

    /// <summary>The rows.</summary>
    public int Rows => _stored.Rows;

    /// <summary>The columns.</summary>
    public int Columns => _stored.Columns;

    /// <summary>The numbers, row by row, to be changed.</summary>
    public float[] Numbers { get; }

    /// <summary>One row.</summary>
    public Span<float> Row(int row) => Numbers.AsSpan(row * Columns, Columns);

    /// <summary>Reads a node's matrix.</summary>
    /// <param name="node">The node.</param>
    /// <param name="copiesShared">Whether a matrix that others read too may be copied.</param>
    /// <param name="what">What is folded, for messages.</param>
    /// <exception cref="InterventionException">It cannot be changed exactly; the message has the reason.</exception>
    public static WeightMatrix Read(Node node, bool copiesShared, string what)
    {
        var stored = Find(node, out var reason) ?? throw Refusal(what, reason);
        if (stored.Constants.FirstOrDefault(node.Graph!.IsInput) is { } fed)
            throw Refusal(what, $"the weights '{fed.Name}' of {node} are an input that a run may feed");
        if (!copiesShared && stored.OtherReader is { } other)
            throw Refusal(
                what,
                $"the weights '{stored.Constants[^1].Name}' of {node} are shared with {other}, which must keep them. "
                    + $"--copy-shared writes a copy of {Size(stored) >> 10} KiB for this layer"
            );
        return new WeightMatrix(stored, what);
    }

    /// <summary>Gives the node the changed matrix, as a constant of its own.</summary>
    /// <param name="names">The graph's names.</param>
    /// <param name="mayRound">Whether quantised weights may be rounded again.</param>
    /// <returns>What was rounded; null where nothing was.</returns>
    /// <exception cref="InterventionException">Quantised weights cannot hold the numbers exactly.</exception>
    public WeightRounding? Write(NameScope names, bool mayRound)
    {
        var rounding = _stored.Write(Numbers, names);
        if (rounding is not null && !mayRound)
            throw Refusal(
                _what,
                $"the weights of {_stored.Node} are quantised to {rounding.Bits} bits, which cannot hold what becomes "
                    + "of them",
                "fold it and quantise them again (--requantise), with the error stated"
            );
        return rounding;
    }

    /// <summary>The exception of what cannot be folded.</summary>
    /// <param name="what">What is folded.</param>
    /// <param name="reason">Why it cannot be.</param>
    /// <param name="other">What can be done besides splicing it.</param>
    public static InterventionException Refusal(string what, string reason, string? other = null) =>
        new(
            $"{what} cannot be folded exactly: {reason}. Bake it spliced (--spliced)"
                + (other is null ? "." : $", or {other}.")
        );

    /// <summary>How the file holds a node's matrix; null where it cannot be changed, with the reason.</summary>
    public static StoredMatrix? Find(Node node, out string reason)
    {
        reason = $"the quantised weights of {node} are no constants of 4 or 8 bits in blocks, in the order of the rows";
        if (node.Operator is (OperatorKey.Microsoft, "MatMulNBits"))
            return BlockMatrix.Of(node);
        reason = $"the quantised weights of {node} are no constants of 8 bits with a constant scale of their own";
        if (IntegerMatrix.IsOf(node))
            return IntegerMatrix.Of(node);
        reason = $"{node} rounds what it computes to integers of a range that was chosen for it as it was";
        if (node.Operator.OperatorType == "QLinearMatMul")
            return null;
        reason = $"{node} multiplies with weights that are quantised, scaled or not of the file";
        if (node.Operator.OperatorType is not ("MatMul" or "Attention" or "Gather" or "Gemm"))
            return null;
        if (node.Operator.OperatorType == "Gemm" && !IsPlain(node))
            return null;
        reason = $"the weights of {node} are not a matrix of floats that the file holds";
        var input = node.Operator.OperatorType == "Gather" ? 0 : 1;
        var isTransposed = node.Operator.OperatorType == "Gemm" && node.FindAttribute("transB") is { Integer: 1 };
        var operand = MatrixOperand.Of(node.Inputs[input]!, isTransposed);
        if (operand.Value.Initializer is { Dimensions.Length: 2 } data && data.ElementType.IsFloat())
            return new FloatMatrix(node, input, operand, data);
        return DequantizedMatrix.Of(node, input, operand);
    }

    private static bool IsPlain(Node gemm) =>
        gemm.FindAttribute("transA") is null or { Integer: 0 }
        && gemm.FindAttribute("alpha") is null or { Float: 1 }
        && gemm.FindAttribute("beta") is null or { Float: 1 };

    private static long Size(StoredMatrix stored) => stored.Constants.Sum(value => value.Initializer?.ByteLength ?? 0);
}
