using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>What a GroupQueryAttention makes of its token counts, which layers share.</summary>
/// <param name="Total">How many tokens there are with those of the cache, <c>[1]</c>.</param>
/// <param name="PositionIds">The position of each token, <c>[batch, position]</c>.</param>
/// <param name="Mask">What is added to scores, <c>[query, key]</c>: nothing, or minus infinity where the key comes later.</param>
internal sealed record CountedTokens(Value Total, Value PositionIds, Value Mask)
{
    public static CountedTokens Build(OpBuilder ops, Node node)
    {
        var total = ops.Cast(node.Inputs[6]!, ElementType.Int64);
        var shape = ops.ShapeOf(node.Inputs[0]!);
        var length = ops.Gather(shape, ops.Scalar(1), 0);
        var positions = ops.Range(ops.Sub(ops.Reshape(total, ops.Constant()), length), ops.Reshape(total, ops.Constant()), ops.Scalar(1));
        var each = ops.Expand(ops.Unsqueeze(positions, 0), ops.Slice(shape, 0, 0, 2));
        var keys = ops.Range(ops.Scalar(0), ops.Reshape(total, ops.Constant()), ops.Scalar(1));
        var isFuture = ops.Emit("Greater", [ops.Unsqueeze(keys, 0), ops.Unsqueeze(positions, 1)]);
        var mask = ops.Where(isFuture, Number(ops, float.NegativeInfinity), Number(ops, 0));
        return new CountedTokens(ops.Reshape(total, 1), each, mask);
    }

    private static Value Number(OpBuilder ops, float number) =>
        ops.Graph.AddInitializer(ops.Names.Unique("intervene/tokens/number"), TensorData.FromFloats([], [number]));
}
