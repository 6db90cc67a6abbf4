using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting;

/// <summary>Interventions compute in 32 bits whatever the model computes in.</summary>
internal static class Precision
{
    /// <summary>A value of the model as 32-bit floats.</summary>
    public static Value Widened(OpBuilder ops, Value value, ElementType type) =>
        type == ElementType.Float32 ? value : ops.Cast(value, ElementType.Float32);

    /// <summary>A value of 32-bit floats in the element type of the model.</summary>
    public static Value Restored(OpBuilder ops, Value value, ElementType type) =>
        type == ElementType.Float32 ? value : ops.Cast(value, type);
}
