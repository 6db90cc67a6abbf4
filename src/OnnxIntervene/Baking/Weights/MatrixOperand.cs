using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>A node's constant operand, behind the transpositions that exporters leave in the graph.</summary>
/// <param name="Value">The constant, or what computes it.</param>
/// <param name="IsTransposed">Whether the node reads it transposed.</param>
internal sealed record MatrixOperand(Value Value, bool IsTransposed)
{
    /// <summary>Every value from the constant to the node.</summary>
    public required IReadOnlyList<Value> Values { get; init; }

    /// <summary>The nodes between.</summary>
    public required IReadOnlySet<Node> Nodes { get; init; }

    /// <summary>Follows an operand back.</summary>
    /// <param name="operand">What the node reads.</param>
    /// <param name="isTransposed">Whether the node itself transposes it.</param>
    public static MatrixOperand Of(Value operand, bool isTransposed)
    {
        var (values, nodes) = (new List<Value> { operand }, new HashSet<Node>());
        var value = operand;
        while (value.Initializer is null && value.Producer is { } producer && producer.InputOrNull(0) is { } before)
        {
            if (
                producer.Operator.OperatorType == "Transpose"
                && producer.FindAttribute("perm") is null or { Integers: [1, 0] }
            )
                isTransposed = !isTransposed;
            else if (producer.Operator.OperatorType != "Identity")
                break;
            nodes.Add(producer);
            values.Add(value = before);
        }

        return new MatrixOperand(value, isTransposed) { Values = values, Nodes = nodes };
    }
}
