using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Sums, means and extremes over axes, and running sums.</summary>
internal static class ReductionGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("ReduceSum", step => Reduced(step, step.Ops.Identity)),
            Of("ReduceMean", step => Reduced(step, gradient => step.Div(gradient, Count(step)))),
            Of("ReduceMax", step => Reduced(step, gradient => Extreme(step, gradient))),
            Of("ReduceMin", step => Reduced(step, gradient => Extreme(step, gradient))),
            Of("ReduceL1", step => Reduced(step, gradient => step.Ops.Mul(gradient, step.Apply("Sign", step.X)))),
            Of("ReduceL2", step => Reduced(step, gradient => L2(step, gradient))),
            Of("ReduceSumSquare", step => Reduced(step, gradient => step.Ops.Mul(gradient, Twice(step)))),
            Of("ReduceLogSumExp", step => Reduced(step, gradient => step.Ops.Mul(gradient, Weights(step)))),
            Of(
                "ReduceLogSum",
                step => Reduced(step, gradient => step.Div(gradient, Spread(step, step.Apply("Exp", step.Y))))
            ),
            Of("GlobalAveragePool", step => Reduced(step, gradient => step.Div(gradient, Count(step)))),
            Of("CumSum", CumSum),
        ];

    // The gradient with the axes that were summed over, at full size.
    private static ImmutableArray<Value?> Reduced(GradientStep step, Func<Value, Value> ofElements) =>
        step.ToFirst(ofElements(Spread(step, step.Dy)));

    private static Value Spread(GradientStep step, Value reduced) =>
        step.Ops.Expand(WithAxes(step, reduced), step.Ops.ShapeOf(step.X));

    private static Value WithAxes(GradientStep step, Value reduced)
    {
        if (step.Integer("keepdims", 1) != 0)
            return reduced;
        if (step.Node.FindAttribute("axes") is { Integers: { Length: > 0 } axes })
            return step.Ops.Unsqueeze(reduced, [.. axes]);
        if (step.Node.InputOrNull(1) is not { } computed)
            // All axes, or none, are reduced: a number broadcasts, and a tensor has its shape already.
            return reduced;
        if (step.Types.ShapeOf(computed) is not { Rank: 1 } sizes || sizes[0].Size is not > 0)
            throw step.Refusal("how many axes it reduces shows only when it runs");
        return step.Ops.Emit("Unsqueeze", [reduced, computed]);
    }

    // How many elements each result is made of.
    private static Value Count(GradientStep step)
    {
        var (all, left) = (step.Apply("Size", step.X), step.Apply("Size", step.Y));
        // A tensor without elements has results without elements, or none to divide.
        var count = step.Ops.Emit("Div", [all, step.Ops.Emit("Max", [left, step.Ops.Scalar(1)])]);
        return step.Ops.Cast(count, step.Type);
    }

    // Equal elements share.
    private static Value Extreme(GradientStep step, Value gradient)
    {
        var isExtreme = step.Ops.Cast(step.Ops.Emit("Equal", [step.X, Spread(step, step.Y)]), step.Type);
        IEnumerable<Value?> inputs = [isExtreme, .. step.Node.Inputs.Skip(1)];
        // The sum takes its axes from an input before the others do.
        if (step.Node.FindAttribute("axes") is { } axes && step.Ops.OperatorSetVersion >= 13)
            inputs = [isExtreme, step.Ops.Constant(axes.Integers.AsSpan())];
        var settings = step.Node.Attributes.Where(setting =>
            setting.Name != "axes" || step.Ops.OperatorSetVersion < 13
        );
        var count = Spread(step, step.Ops.Emit("ReduceSum", inputs, settings));
        return step.Div(step.Ops.Mul(gradient, isExtreme), count);
    }

    private static Value L2(GradientStep step, Value gradient) =>
        step.Div(step.Ops.Mul(gradient, step.X), Spread(step, step.Y));

    private static Value Twice(GradientStep step) => step.Ops.Mul(step.X, step.Number(2));

    private static Value Weights(GradientStep step) => step.Apply("Exp", step.Ops.Sub(step.X, Spread(step, step.Y)));

    // An element is in the sums after it: they are added up from the other end.
    private static ImmutableArray<Value?> CumSum(GradientStep step)
    {
        NodeAttribute[] settings =
        [
            NodeAttribute.Of("exclusive", step.Integer("exclusive", 0)),
            NodeAttribute.Of("reverse", 1 - step.Integer("reverse", 0)),
        ];
        return [step.Ops.Emit("CumSum", [step.Dy, step.Node.Inputs[1]], settings), null];
    }
}
