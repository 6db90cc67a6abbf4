using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>What a GroupQueryAttention computes from its token counts, which layers share.</summary>
/// <param name="Total">How many tokens there are, including the cache's, <c>[1]</c>.</param>
/// <param name="PositionIds">The position of each token, <c>[batch, position]</c>.</param>
/// <param name="Mask">
/// What is added to scores, <c>[query, key]</c>: nothing, or minus infinity where the key is not seen.
/// </param>
internal sealed record CountedTokens(Value Total, Value PositionIds, Value Mask)
{
    private const int TotalLength = 6;

    /// <summary>A key is seen from its own position on, and with a window only while it is near.</summary>
    /// <param name="attention">Writes the nodes.</param>
    /// <param name="node">The operator.</param>
    /// <param name="window">How many keys are near; 0 for all.</param>
    public static CountedTokens Build(AttentionArithmetic attention, Node node, long window)
    {
        var ops = attention.Ops;
        var total = ops.Reshape(ops.Cast(node.Inputs[TotalLength]!, ElementType.Int64), ReadOnlySpan<long>.Empty);
        var shape = ops.ShapeOf(node.Inputs[0]!);
        var positions = ops.Range(ops.Sub(total, ops.Gather(shape, ops.Scalar(1), 0)), total, ops.Scalar(1));
        var each = ops.Expand(ops.Unsqueeze(positions, 0), ops.Slice(shape, 0, 0, 2));
        var (keys, queries) = (ops.Unsqueeze(attention.UpTo(total), 0), ops.Unsqueeze(positions, 1));
        var isSeen = ops.Emit("LessOrEqual", [keys, queries]);
        if (window > 0)
            isSeen = ops.Emit("And", [isSeen, ops.Emit("Greater", [keys, ops.Sub(queries, ops.Scalar(window))])]);
        return new CountedTokens(
            ops.Reshape(total, 1),
            each,
            ops.Where(isSeen, attention.Number(0), attention.Number(float.NegativeInfinity))
        );
    }

    /// <summary>What layers must have in common to share these.</summary>
    public static (Graph Graph, string Name) KeyOf(Node node, long window)
    {
        var shape = node.Inputs[0]!.Type?.Shape;
        var isKnown = shape is { Rank: 3 } && (shape[1].Size is not null || shape[1].Symbol is { Length: > 0 });
        return (
            node.Graph!,
            isKnown ? $"{node.Inputs[TotalLength]!.Name} {window} {shape![0]} {shape[1]}" : node.Output.Name
        );
    }
}
