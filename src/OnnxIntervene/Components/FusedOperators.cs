using OnnxIntervene.IR;

namespace OnnxIntervene.Components;

/// <summary>ONNX Runtime's operators that hide components (com.microsoft, docs/ContribOperators.md of ONNX Runtime).</summary>
internal static class FusedOperators
{
    public static bool IsSkipNormalization(Node node) =>
        node.Operator is (OperatorKey.Microsoft, "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization");

    public static bool IsGroupQueryAttention(Node node) => node.Operator is (OperatorKey.Microsoft, "GroupQueryAttention");

    /// <summary>The width that a Skip(Simplified)LayerNormalization normalises: its scale's length.</summary>
    public static int NormWidth(Node node) =>
        node.InputOrNull(2) is { } scale && GraphConstants.Dimensions(scale) is { Length: 1 } sizes ? (int)sizes[0] : 0;

    /// <summary>Heads of the query (0), or of the key (1) and value (2), of a GroupQueryAttention.</summary>
    public static int Heads(Node node, int part) =>
        (int)(node.FindAttribute(part == 0 ? "num_heads" : "kv_num_heads")?.Integer ?? 0);

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
}
