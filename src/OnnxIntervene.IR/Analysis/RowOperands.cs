namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which operands of element-wise operators are the same at every position: single numbers, and rows along the last
/// axis.
/// </summary>
internal static class RowOperands
{
    private const int DeepestChain = 16;

    /// <summary>
    /// Whether the value, broadcast to <paramref name="rank"/> axes, is the same along all of them but the last.
    /// </summary>
    public static bool IsRow(Value value, int rank, TypeInference types) =>
        GraphConstants.Dimensions(value, types) is { } sizes
            ? sizes.Length <= rank && sizes.SkipLast(1).All(size => size == 1)
            : IsNumber(value, types);

    /// <summary>Whether the value is a single number.</summary>
    public static bool IsNumber(Value value, TypeInference types, int depth = 0)
    {
        if (value.Type?.Shape is { Rank: 0 })
            return true;
        if (GraphConstants.IsConstant(value))
            return GraphConstants.Dimensions(value, types) is { } sizes && sizes.All(size => size == 1);
        if (value.Producer is not { } producer || depth > DeepestChain)
            return false;
        return producer.Operator.OperatorType switch
        {
            // The scale and the zero point of a tensor that is quantised as a whole.
            "DynamicQuantizeLinear" => producer.OutputOrNull(0) != value,
            "Mul" or "Div" or "Add" or "Sub" or "Cast" or "Identity" => producer
                .Inputs.OfType<Value>()
                .All(input => IsNumber(input, types, depth + 1)),
            _ => false,
        };
    }
}
