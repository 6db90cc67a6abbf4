using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>
/// What picks elements, repeats them, or puts some in the place of others. An operator that picks is applied to the
/// elements' numbers too, which tells where each came from, whatever the indices and settings are.
/// </summary>
internal static class SelectionGradients
{
    // The operator set from which scattered elements may be added.
    private const int OldestWithAddition = 16;

    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("Slice", Slice),
            Of("Gather", Picked),
            Of("GatherND", Picked),
            Of("GatherElements", Picked),
            Of("Tile", Picked),
            Of("TopK", TopK),
            Of("ScatterND", step => Scattered(step, "GatherND", [])),
            Of("ScatterElements", ScatterElements),
        ];

    // Nothing is picked twice, so that what was picked is written, not added.
    private static ImmutableArray<Value?> Slice(GradientStep step) =>
        step.ToFirst(Back(step, Numbers(step), adds: false));

    private static ImmutableArray<Value?> Picked(GradientStep step) =>
        step.ToFirst(Back(step, Numbers(step), adds: true));

    private static ImmutableArray<Value?> TopK(GradientStep step)
    {
        if (step.Node.OutputOrNull(1) is not { } places)
            places = step.Node.AddOutput(step.Ops.Names.Unique("gradient/places"));
        var axis = NodeAttribute.Of("axis", step.Integer("axis", -1));
        var numbers = step.Ops.Emit("GatherElements", [Counted(step), places], [axis]);
        return step.ToFirst(Back(step, numbers, adds: false));
    }

    // The number of each element that was picked, in the shape of the output.
    private static Value Numbers(GradientStep step) =>
        step.Ops.Emit(step.Node.Operator.Name, [Counted(step), .. step.Node.Inputs.Skip(1)], step.Node.Attributes);

    // 0, 1, 2, … in the input's shape.
    private static Value Counted(GradientStep step)
    {
        var count = step.Apply("Size", step.X);
        return step.ReshapeLike(step.Ops.Range(step.Ops.Scalar(0), count, step.Ops.Scalar(1)), step.X);
    }

    private static Value Back(GradientStep step, Value numbers, bool adds)
    {
        if (adds && step.Ops.OperatorSetVersion < OldestWithAddition)
            throw step.Refusal(
                $"elements that are picked several times need operator set {OldestWithAddition}; the model uses "
                    + $"{step.Ops.OperatorSetVersion}"
            );
        // ONNX Runtime adds no scattered numbers of 16 bits.
        var type = adds && step.Type != ElementType.Float64 ? ElementType.Float32 : step.Type;
        var count = step.Ops.Reshape(step.Apply("Size", step.X), 1);
        var zeros = step.Ops.ConstantOfShape(count, SingleNumber.Of(type, 0, 1));
        var (places, values) = (step.Ops.Reshape(numbers, -1), step.Ops.Reshape(step.Dy, -1));
        NodeAttribute[] settings = adds ? [NodeAttribute.Of("reduction", "add")] : [];
        var sums = step.Ops.Emit("ScatterElements", [zeros, places, Cast(step, values, type)], settings);
        return step.ReshapeLike(Cast(step, sums, step.Type), step.X);
    }

    private static Value Cast(GradientStep step, Value value, ElementType type) =>
        step.TypeOf(value) == type ? value : step.Ops.Cast(value, type);

    private static ImmutableArray<Value?> ScatterElements(GradientStep step) =>
        Scattered(step, "GatherElements", [NodeAttribute.Of("axis", step.Integer("axis", 0))]);

    // What was written over gets nothing; what was written gets what is there now.
    private static ImmutableArray<Value?> Scattered(
        GradientStep step,
        string picking,
        ImmutableArray<NodeAttribute> settings
    )
    {
        var reduction = step.Node.FindAttribute("reduction")?.Text ?? "none";
        if (reduction is not ("none" or "add"))
            throw step.Refusal($"it combines what it writes by '{reduction}', which has no rule");
        var (indices, updates) = (step.Node.Inputs[1]!, step.Node.Inputs[2]!);
        var kept =
            reduction == "add"
                ? step.Dy
                : step.Ops.Emit(step.Node.Operator.Name, [step.Dy, indices, step.ZerosLike(updates)], settings);
        return
        [
            step.Needs(0) ? kept : null,
            null,
            step.Needs(2) ? step.Ops.Emit(picking, [step.Dy, indices], settings) : null,
        ];
    }
}
