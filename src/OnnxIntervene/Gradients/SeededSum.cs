using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Gradients;

/// <summary>
/// A number whose gradient by some tensors is given: the sum of their products with these gradients. What the tensors
/// were computed from then gets the gradient that any such loss would give it.
/// </summary>
internal static class SeededSum
{
    /// <summary>Writes the number, a scalar.</summary>
    /// <param name="ops">Writes the nodes.</param>
    /// <param name="values">The tensors, at least one.</param>
    /// <param name="seeds">The gradient by each, in its shape.</param>
    public static Value Of(OpBuilder ops, IEnumerable<Value> values, IEnumerable<Value> seeds) =>
        values
            .Zip(
                seeds,
                (value, seed) => ops.Emit("ReduceSum", [ops.Mul(value, seed)], [NodeAttribute.Of("keepdims", 0L)])
            )
            .Aggregate(ops.Add);
}
