using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Losses that are one operator.</summary>
internal static class LossGradients
{
    // The second axis holds the classes.
    private const long Classes = 1;

    // Before this operator set, Softmax took the axes after the classes as classes, too.
    private const int SoftmaxOfOneAxis = 13;

    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All => [Of("SoftmaxCrossEntropyLoss", CrossEntropy)];

    // (softmax(x) - one-hot(label)) dy, over the number of labels where the loss is their mean.
    private static ImmutableArray<Value?> CrossEntropy(GradientStep step)
    {
        if (step.Node.InputOrNull(2) is not null || step.Node.FindAttribute("ignore_index") is not null)
            throw step.Refusal("it weighs classes or leaves some out (ignore_index), which has no rule");
        if (step.Ops.OperatorSetVersion < SoftmaxOfOneAxis)
            throw step.Refusal($"its rule needs operator set {SoftmaxOfOneAxis} or later");
        var axis = NodeAttribute.Of("axis", Classes);
        var labels = step.Node.Inputs[1]!;
        var count = step.Ops.Reshape(step.Ops.Gather(step.Ops.ShapeOf(step.X), step.Ops.Scalar(Classes), 0), 1);
        // ONNX Runtime has no OneHot of other floats.
        var switches = step.Ops.Cast(step.Ops.Constant(0, 1), ElementType.Float32);
        var right = step.Ops.Cast(step.Ops.Emit("OneHot", [labels, count, switches], [axis]), step.Type);
        var slope = step.Ops.Sub(step.Ops.Emit("Softmax", [step.X], [axis]), right);
        return step.ToFirst(step.Ops.Mul(slope, Scaled(step, labels)));
    }

    private static Value Scaled(GradientStep step, Value labels) =>
        (step.Node.FindAttribute("reduction")?.Text ?? "mean") switch
        {
            "none" => step.Ops.Unsqueeze(step.Dy, Classes),
            "sum" => step.Dy,
            _ => step.Div(step.Dy, step.Ops.Cast(step.Apply("Size", labels), step.Type)),
        };
}
