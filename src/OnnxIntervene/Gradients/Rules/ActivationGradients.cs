using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Activations of pieces, by the formulas of ONNX's operator documentation.</summary>
internal static class ActivationGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("Relu", step => [step.Masked(IsAbove(step, step.Y, 0), step.Dy)]),
            Of("ThresholdedRelu", step => [step.Masked(IsAbove(step, step.X, step.Float("alpha", 1)), step.Dy)]),
            Of("LeakyRelu", step => Below(step, Times(step, step.Number(step.Float("alpha", 0.01f))))),
            Of("PRelu", PRelu),
            Of("Elu", Elu),
            Of("Selu", Selu),
            Of("Celu", Celu),
            Of("HardSigmoid", HardSigmoid),
            Of("HardSwish", HardSwish),
            Of("Mish", Mish),
        ];

    private static Value Times(GradientStep step, Value slope) => step.Ops.Mul(step.Dy, slope);

    private static Value IsAbove(GradientStep step, Value value, double bound) =>
        step.Ops.Emit("Greater", [value, step.Number(bound)]);

    // The gradient itself above 0, another one below.
    private static ImmutableArray<Value?> Below(GradientStep step, Value below) =>
        [step.Ops.Where(IsAbove(step, step.X, 0), step.Dy, below)];

    // A slope below 0 that is an input, and may be trained.
    private static ImmutableArray<Value?> PRelu(GradientStep step)
    {
        var isAbove = IsAbove(step, step.X, 0);
        var slope = step.Node.Inputs[1]!;
        return
        [
            step.Needs(0) ? step.Ops.Where(isAbove, step.Dy, Times(step, slope)) : null,
            step.Needs(1) ? step.SumTo(step.Ops.Where(isAbove, step.Number(0), Times(step, step.X)), slope) : null,
        ];
    }

    // α (exp x - 1) below 0, whose slope is y + α.
    private static ImmutableArray<Value?> Elu(GradientStep step) =>
        Below(step, Times(step, step.Ops.Add(step.Y, step.Number(step.Float("alpha", 1)))));

    // γ x above 0 and γ α (exp x - 1) below, whose slope is y + γ α.
    private static ImmutableArray<Value?> Selu(GradientStep step)
    {
        var (alpha, gamma) = (
            step.Float("alpha", 1.67326319217681884765625f),
            step.Float("gamma", 1.05070102214813232421875f)
        );
        var below = step.Ops.Add(step.Y, step.Number(alpha * gamma));
        return [Times(step, step.Ops.Where(IsAbove(step, step.X, 0), step.Number(gamma), below))];
    }

    // α (exp(x / α) - 1) below 0, whose slope is y / α + 1.
    private static ImmutableArray<Value?> Celu(GradientStep step)
    {
        var scaled = step.Div(step.Y, step.Number(step.Float("alpha", 1)));
        return Below(step, Times(step, step.Ops.Add(scaled, step.Number(1))));
    }

    // α x + β between 0 and 1.
    private static ImmutableArray<Value?> HardSigmoid(GradientStep step)
    {
        var isBetween = step.Ops.Emit(
            "And",
            [IsAbove(step, step.Y, 0), step.Ops.Emit("Less", [step.Y, step.Number(1)])]
        );
        return [step.Masked(isBetween, Times(step, step.Number(step.Float("alpha", 0.2f))))];
    }

    // x (x / 6 + 1/2) between -3 and 3, whose slope is x / 3 + 1/2; x above, 0 below.
    private static ImmutableArray<Value?> HardSwish(GradientStep step)
    {
        var middle = step.Ops.Add(step.Div(step.X, step.Number(3)), step.Number(0.5));
        var above = step.Ops.Where(IsAbove(step, step.X, 3), step.Dy, Times(step, middle));
        return [step.Masked(IsAbove(step, step.X, -3), above)];
    }

    // x t with t = tanh(softplus x), whose slope is t + x σ(x) (1 - t²).
    private static ImmutableArray<Value?> Mish(GradientStep step)
    {
        var bent = step.Apply("Tanh", step.Apply("Softplus", step.X));
        var rest = step.Ops.Sub(step.Number(1), step.Ops.Mul(bent, bent));
        var turned = step.Ops.Mul(step.Ops.Mul(step.X, step.Apply("Sigmoid", step.X)), rest);
        return [Times(step, step.Ops.Add(bent, turned))];
    }
}
