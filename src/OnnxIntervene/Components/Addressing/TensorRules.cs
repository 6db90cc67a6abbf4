using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// Which tensors can be intervened on: those that certainly hold floating point. What is not known is not guessed, or a
/// file would be written that ONNX Runtime cannot open.
/// </summary>
internal static class TensorRules
{
    /// <exception cref="InterventionException">The value holds something else, or it is not known what.</exception>
    public static void RequireFloats(Value value, ElementType type)
    {
        if (FaultOf(value, type) is { } wrong)
            throw new InterventionException($"{char.ToUpperInvariant(wrong[0])}{wrong[1..]}.");
    }

    /// <summary>Why a value cannot be intervened on, without a full stop; null where it holds floating point.</summary>
    public static string? FaultOf(Value value, ElementType type) =>
        !value.OpaqueType.IsEmpty
            ? $"'{value.Name}' is not a tensor but a sequence, a map or an optional value; interventions need a tensor "
                + "of floating point"
        : type == ElementType.Undefined
            ? $"the type of '{value.Name}'{Origin(value)} is unknown, so it may not be a tensor of floating point, "
                + "which interventions need. Use a tensor whose type the file states or its operator tells"
        : !type.IsFloat() ? $"the tensor '{value.Name}' holds {type}; interventions need floating point"
        : null;

    public static InterventionException UnknownAxes(Value value) =>
        new(
            $"How many axes the tensor '{value.Name}'{Origin(value)} has is unknown; interventions need an axis of "
                + "examples. Use a tensor whose shape the file states or its operator tells."
        );

    private static string Origin(Value value) =>
        value.Producer is { } producer ? $", which {producer.Operator} returns," : "";
}
