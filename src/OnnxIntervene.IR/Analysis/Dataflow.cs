namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which inputs of a node carry the data that its output is computed from, and which nodes pass their data on as it is.
/// </summary>
internal static class Dataflow
{
    /// <summary>Whether the node outputs the numbers that it reads, in the same shape.</summary>
    public static bool IsTransparent(Node node) => node.Operator.OperatorType is "Cast" or "Identity" or "Dropout";

    /// <summary>Whether the node outputs the numbers that it reads, arranged in another way.</summary>
    public static bool IsArrangement(Node node) =>
        node.Operator.OperatorType is "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Flatten" or "Expand";

    /// <summary>The value before casts and identities.</summary>
    public static Value Root(Value value)
    {
        while (value.Producer is { } producer && IsTransparent(producer) && producer.InputOrNull(0) is { } input)
            value = input;
        return value;
    }

    /// <summary>
    /// The value before casts, identities and reshapes: two values with one root hold the same numbers in the same
    /// order.
    /// </summary>
    public static Value FlatRoot(Value value)
    {
        while (
            value.Producer is { } producer
            && (IsTransparent(producer) || producer.Operator.OperatorType == "Reshape")
            && producer.InputOrNull(0) is { } input
        )
            value = input;
        return value;
    }

    /// <summary>The inputs whose numbers go into the output; sizes, positions and conditions are left out.</summary>
    public static IEnumerable<Value> DataInputs(Node node)
    {
        var inputs = node.Operator.OperatorType switch
        {
            "Shape" or "Size" or "ConstantOfShape" or "Range" => [],
            "Reshape"
            or "Slice"
            or "Expand"
            or "Unsqueeze"
            or "Squeeze"
            or "Transpose"
            or "Split"
            or "Tile"
            or "Pad"
            or "Gather"
            or "Flatten"
            or "RotaryEmbedding" => node.Inputs.Take(1),
            "Where" => node.Inputs.Skip(1),
            _ => node.Inputs,
        };
        return inputs.OfType<Value>().Where(input => !GraphConstants.IsConstant(input));
    }
}
