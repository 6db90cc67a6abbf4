using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// The parts that opened attention operators are made of, in the element type of the model. Heads come before
/// positions.
/// </summary>
internal sealed class AttentionArithmetic
{
    private readonly ElementType _type;

    public AttentionArithmetic(GraphEditor editor, Node node)
    {
        Ops = editor.Builder($"{node.Name}/opened", node.Graph);
        _type = Precision.Of(node.Inputs[0]!);
    }

    public OpBuilder Ops { get; }

    /// <summary>
    /// The score of a key that must not be seen, as in ONNX Runtime's kernels: a row without any key stays a
    /// row of numbers.
    /// </summary>
    public Value Lowest => Number(_type == ElementType.Float16 ? -65504 : float.MinValue);

    public Value Number(float number)
    {
        var constant = Ops.Graph.AddInitializer(Ops.Names.Unique("opened/number"), TensorData.FromFloats([], [number]));
        return Typed(constant);
    }

    /// <summary>Keys or values after those of the cache, where there is one.</summary>
    public Value WithPast(Value value, Value? past) => past is null ? value : Ops.Concat(2, past, value);

    public Value SplitHeads(Value value, int heads) => Ops.Transpose(Ops.Reshape(value, 0, 0, heads, -1), 0, 2, 1, 3);

    public Value JoinHeads(Value value) => Ops.Reshape(Ops.Transpose(value, 0, 2, 1, 3), 0, 0, -1);

    /// <summary>Each key head serves several query heads.</summary>
    public Value Repeat(Value value, int heads, int keyHeads)
    {
        if (heads == keyHeads)
            return value;
        var indices = Enumerable.Range(0, heads).Select(head => (long)(head * keyHeads / heads)).ToArray();
        return Ops.Gather(value, Ops.Constant(indices), 1);
    }

    /// <summary>Each key head serves several query heads; how many is computed when the model runs.</summary>
    public Value Repeat(Value value, Value query)
    {
        var (heads, keyHeads) = (Length(query, 1), Length(value, 1));
        return Ops.Gather(value, Ops.Emit("Div", [Ops.Mul(UpTo(heads), keyHeads), heads]), 1);
    }

    /// <summary>
    /// The scaled products of queries and keys; a scale of null is one over the root of a head's width.
    /// </summary>
    public Value Scores(Value query, Value key, float? scale)
    {
        var factor = scale is { } given
            ? Number(given)
            : Typed(Ops.Emit("Reciprocal", [Ops.Emit("Sqrt", [Ops.Cast(Length(query, 3), ElementType.Float32)])]));
        return Ops.Mul(Ops.Emit("MatMul", [query, Ops.Transpose(key, 0, 1, 3, 2)]), factor);
    }

    /// <summary>Scores squashed between plus and minus the cap; 0 for no cap.</summary>
    public Value Capped(Value scores, float cap) =>
        cap == 0 ? scores : Ops.Mul(Ops.Emit("Tanh", [Ops.Mul(scores, Number(1 / cap))]), Number(cap));

    public Value Softmax(Value scores) => Ops.Emit("Softmax", [scores], [NodeAttribute.Of("axis", -1L)]);

    public Value Mix(Value probabilities, Value value) => Ops.Emit("MatMul", [probabilities, value]);

    public Value Length(Value tensor, long axis) => Ops.Gather(Ops.ShapeOf(tensor), Ops.Scalar(axis), 0);

    /// <summary>0, 1, 2, … below a number.</summary>
    public Value UpTo(Value end) => Ops.Range(Ops.Scalar(0), end, Ops.Scalar(1));

    private Value Typed(Value value) => _type == ElementType.Float32 ? value : Ops.Cast(value, _type);
}
