using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>
/// Rotations of pairs of elements by angles that do not depend on them: the gradient is rotated back, by the negative
/// sines.
/// </summary>
internal static class RotationGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            GradientRule.Of("RotaryEmbedding", step => Rotated(step, 2)),
            new(new OperatorKey(OperatorKey.Microsoft, "RotaryEmbedding"), step => Rotated(step, 3)),
        ];

    private static ImmutableArray<Value?> Rotated(GradientStep step, int sines)
    {
        for (var input = 1; input < step.Node.Inputs.Count; input++)
        {
            if (step.Needs(input))
                throw step.Refusal("the angles of its rotation depend on what is differentiated by, and have no rule");
        }

        Value?[] inputs = [step.Dy, .. step.Node.Inputs.Skip(1)];
        inputs[sines] = step.Apply("Neg", inputs[sines]!);
        var back = step.Ops.Emit("RotaryEmbedding", inputs, step.Node.Attributes, step.Node.Operator.Domain);
        return step.ToFirst(back);
    }
}
