namespace OnnxIntervene.IR.Analysis;

/// <summary>What a model means by position ids.</summary>
internal static class PositionInput
{
    /// <summary>The input that holds them.</summary>
    public const string Name = "position_ids";

    // OPT's table of positions begins at this row.
    private const long FirstRow = 2;

    /// <summary>
    /// Whether positions count the tokens that the mask keeps, as OPT's do (transformers, OPTDecoder); other families
    /// count all tokens without position ids. Recognised by the offset into the table, which only OPT adds.
    /// </summary>
    public static bool CountsKeptTokens(Model model) =>
        model
            .Graph.Inputs.Where(input => input.Name == Name)
            .SelectMany(input => input.Uses)
            .Any(use =>
                use.Node.Operator.OperatorType == "Add"
                && use.Node.Inputs[1 - use.InputIndex] is { } offset
                && IsFirstRow(offset)
            );

    private static bool IsFirstRow(Value offset) =>
        (offset.Initializer ?? Filling(offset.Producer))
            is { Count: 1, ElementType: ElementType.Int64 or ElementType.Int32 } number
        && number.ReadIntegers()[0] == FirstRow;

    private static TensorData? Filling(Node? node) =>
        node?.FindAttribute("value") is { Kind: AttributeKind.Tensor } filling ? filling.Tensor : null;
}
