using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>What moves elements without changing them: each goes back to where it came from.</summary>
internal static class ShapeGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("Reshape", Reshaped),
            Of("Flatten", Reshaped),
            Of("Squeeze", Reshaped),
            Of("Unsqueeze", Reshaped),
            Of("Transpose", Transpose),
            Of("Concat", Concat),
            Of("Split", Split),
            Of("Expand", step => [step.SumTo(step.Dy, step.X), null]),
            Of("Trilu", Trilu),
            Of("Pad", Pad),
        ];

    private static ImmutableArray<Value?> Reshaped(GradientStep step) =>
        step.ToFirst(step.ReshapeLike(step.Dy, step.X));

    private static ImmutableArray<Value?> Transpose(GradientStep step)
    {
        // Without an order, the axes are reversed, and reversing them again undoes it.
        if (step.Node.FindAttribute("perm") is not { Integers: var order })
            return [step.Ops.Emit("Transpose", [step.Dy])];
        var back = new long[order.Length];
        for (var axis = 0; axis < order.Length; axis++)
            back[order[axis]] = axis;
        return [step.Ops.Transpose(step.Dy, back)];
    }

    // Each input gets its part of the gradient, found by the sizes of those before it.
    private static ImmutableArray<Value?> Concat(GradientStep step)
    {
        var axis = step.Integer("axis", 1);
        var gradients = ImmutableArray.CreateBuilder<Value?>();
        var start = step.Ops.Constant(0);
        foreach (var (input, index) in step.Node.Inputs.Select((input, index) => (input!, index)))
        {
            var size = step.Ops.Gather(step.Ops.ShapeOf(input), step.Ops.Constant(axis), 0);
            var end = step.Ops.Add(start, size);
            gradients.Add(
                step.Needs(index) ? step.Ops.Emit("Slice", [step.Dy, start, end, step.Ops.Constant(axis)]) : null
            );
            start = end;
        }

        return gradients.ToImmutable();
    }

    // A part that the loss does not depend on leaves zeros.
    private static ImmutableArray<Value?> Split(GradientStep step)
    {
        var parts = step.Node.Outputs.Select((part, index) => step.Gradients[index] ?? step.ZerosLike(part!));
        return step.ToFirst(step.Ops.Concat(step.Integer("axis", 0), [.. parts]));
    }

    // What was added is cut off, and what was cut off is 0.
    private static ImmutableArray<Value?> Pad(GradientStep step)
    {
        if (step.Node.FindAttribute("mode")?.Text is { } mode and not "constant")
            throw step.Refusal($"padding of the mode '{mode}' has no rule");
        if (step.Needs(2))
            throw step.Refusal("the gradient of the number that it pads with has no rule");
        if (step.Node.InputOrNull(1) is not { } sizes)
            throw step.Refusal("padding of operator sets before 11 has no rule");
        IEnumerable<Value?> inputs = [step.Dy, step.Apply("Neg", sizes)];
        if (step.Node.InputOrNull(3) is { } axes)
            inputs = [.. inputs, null, axes];
        return step.ToFirst(step.Ops.Emit("Pad", inputs));
    }

    private static ImmutableArray<Value?> Trilu(GradientStep step) =>
        step.ToFirst(step.Ops.Emit("Trilu", [step.Dy, .. step.Node.Inputs.Skip(1)], step.Node.Attributes));
}
