using System.Collections.Frozen;
using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// The operators that can be opened, one entry each. A test walks the table and checks each opening against its
/// operator.
/// </summary>
internal static class OpeningTable
{
    // The oldest operator set with Range.
    private const int OldestForAttention = 11;

    private static readonly FrozenDictionary<OperatorKey, OperatorOpening> s_openings = All.ToFrozenDictionary(
        opening => opening.Operator
    );

    /// <summary>Every opening.</summary>
    public static ImmutableArray<OperatorOpening> All =>
        [
            Of("SkipLayerNormalization", 1, SkipNormalizationOpening.Refusal, SkipNormalizationOpening.Open),
            Of("SkipSimplifiedLayerNormalization", 1, SkipNormalizationOpening.Refusal, SkipNormalizationOpening.Open),
            Of("Attention", OldestForAttention, AttentionOpening.Refusal, AttentionOpening.Open),
            Of("MultiHeadAttention", OldestForAttention, AttentionOpening.Refusal, AttentionOpening.Open),
            Of(
                "GroupQueryAttention",
                OldestForAttention,
                GroupQueryAttentionOpening.Refusal,
                GroupQueryAttentionOpening.Open
            ),
            new(new OperatorKey("", "Attention"), OldestForAttention, _ => null, StandardAttentionOpening.Open),
            Of("BiasGelu", 9, _ => null, ActivationOpening.BiasGelu),
            Of("Gelu", 9, _ => null, ActivationOpening.Gelu),
            new(new OperatorKey("", "Gelu"), 9, _ => null, ActivationOpening.Gelu),
            Of("FastGelu", 7, _ => null, ActivationOpening.FastGelu),
            Of("QuickGelu", 7, _ => null, ActivationOpening.QuickGelu),
            Of("FusedMatMul", 7, FusedProductOpening.Refusal, FusedProductOpening.Open),
        ];

    /// <summary>The opening of a node's operator; null where there is none.</summary>
    public static OperatorOpening? Of(Node node) => s_openings.GetValueOrDefault(node.Operator);

    private static OperatorOpening Of(
        string operatorType,
        int oldestOperatorSet,
        Func<Node, string?> refusal,
        Func<GraphEditor, Node, OpenedValues> open
    ) => new(new OperatorKey(OperatorKey.Microsoft, operatorType), oldestOperatorSet, refusal, open);
}
