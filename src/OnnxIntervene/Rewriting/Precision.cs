using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting;

/// <summary>Interventions compute in 32 bits whatever the model computes in.</summary>
internal static class Precision
{
    /// <summary>
    /// The type of the value's elements. Where neither an operator's rule nor the file states it, 32-bit floats are
    /// assumed, which are by far the commonest: ONNX Runtime refuses the rewritten model where they are something else.
    /// </summary>
    public static ElementType Of(Value value) =>
        new TypeInference().ElementTypeOf(value) is not ElementType.Undefined and var known
            ? known
            : ElementType.Float32;

    /// <summary>A value of the model as 32-bit floats.</summary>
    public static Value Widened(OpBuilder ops, Value value, ElementType type) =>
        type == ElementType.Float32 ? value : ops.Cast(value, ElementType.Float32);

    /// <summary>A value of 32-bit floats in the element type of the model.</summary>
    public static Value Restored(OpBuilder ops, Value value, ElementType type) =>
        type == ElementType.Float32 ? value : ops.Cast(value, type);
}
