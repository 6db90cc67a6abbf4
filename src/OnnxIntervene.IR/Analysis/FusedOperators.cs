namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// ONNX Runtime's operators that hide components (com.microsoft, docs/ContribOperators.md of ONNX Runtime).
/// </summary>
internal static class FusedOperators
{
    /// <summary>The output of a Skip(Simplified)LayerNormalization that is the sum before the norm.</summary>
    public const int SumOutput = 3;

    public static bool IsSkipNormalization(Node node) =>
        node.Operator is (OperatorKey.Microsoft, "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization");

    /// <summary>
    /// Whether a value is the sum that a Skip(Simplified)LayerNormalization outputs besides the norm.
    /// </summary>
    public static bool IsResidualSum(Value value) =>
        value.Producer is { } node && IsSkipNormalization(node) && node.OutputOrNull(SumOutput) == value;

    public static bool IsSimplified(Node node) => node.Operator.OperatorType == "SkipSimplifiedLayerNormalization";

    public static bool IsGroupQueryAttention(Node node) =>
        node.Operator is (OperatorKey.Microsoft, "GroupQueryAttention");

    public static bool IsMultiHeadAttention(Node node) =>
        node.Operator is (OperatorKey.Microsoft, "MultiHeadAttention");

    /// <summary>
    /// ONNX Runtime's Attention, which multiplies with the packed weights of queries, keys and values itself.
    /// </summary>
    public static bool IsPackedAttention(Node node) => node.Operator is (OperatorKey.Microsoft, "Attention");

    /// <summary>The standard's Attention (operator set 23).</summary>
    public static bool IsStandardAttention(Node node) => node.Operator is ("", "Attention");

    /// <summary>Whether the operator computes attention as a whole.</summary>
    public static bool IsAttention(Node node) =>
        IsGroupQueryAttention(node)
        || IsMultiHeadAttention(node)
        || IsPackedAttention(node)
        || IsStandardAttention(node);

    /// <summary>The bias that a Skip(Simplified)LayerNormalization adds besides its two terms; usually none.</summary>
    public static Value? SkipBias(Node node) => node.InputOrNull(IsSimplified(node) ? 3 : 4);

    /// <summary>
    /// Whether the first input is what a sub-layer adds, and the second the residual stream: optimizers write either
    /// order.
    /// </summary>
    public static bool PartIsFirst(Node node) => IsProduct(node.InputOrNull(0)) && !IsProduct(node.InputOrNull(1));

    /// <summary>The width that a Skip(Simplified)LayerNormalization normalises: its scale's length.</summary>
    public static int NormWidth(Node node) =>
        node.InputOrNull(2) is { } scale && GraphConstants.Dimensions(scale) is { Length: 1 } sizes ? (int)sizes[0] : 0;

    /// <summary>
    /// Heads of the query (0), or of the key (1) and value (2), of an operator that computes attention; 0 when it does
    /// not state them.
    /// </summary>
    public static int Heads(Node node, int part)
    {
        var names = part == 0 ? new[] { "num_heads", "q_num_heads" } : ["kv_num_heads", "num_heads"];
        return names.Select(name => (int)(node.FindAttribute(name)?.Integer ?? 0)).FirstOrDefault(heads => heads > 0);
    }

    /// <summary>Which range of the packed projection is the query (0), key (1) or value (2).</summary>
    public static (int Start, int End) PackedRange(Node node, int part, int packedWidth)
    {
        var (heads, keyHeads) = (Heads(node, 0), Heads(node, 1));
        var headWidth = packedWidth / Math.Max(1, heads + (2 * keyHeads));
        return part switch
        {
            0 => (0, heads * headWidth),
            1 => (heads * headWidth, (heads + keyHeads) * headWidth),
            _ => ((heads + keyHeads) * headWidth, (heads + (2 * keyHeads)) * headWidth),
        };
    }

    // A linear layer's output, its bias and reshape included.
    private static bool IsProduct(Value? value)
    {
        while (value?.Producer is { Operator.OperatorType: "Cast" or "Identity" or "Reshape" or "Add" } producer)
        {
            var inputs = producer.Inputs.OfType<Value>().Where(input => !GraphConstants.IsConstant(input)).ToList();
            if (producer.Operator.OperatorType == "Add" && inputs.Count != 1)
                return false;
            value = producer.Operator.OperatorType == "Add" ? inputs[0] : producer.InputOrNull(0);
        }

        return value?.Producer is { } last && MatrixWidths.Of(last, new TypeInference()) is not null;
    }
}
