using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Functions of one variable, and softmax. Where the output tells the slope, it is used.</summary>
internal static class FunctionGradients
{
    // Before this operator set, Softmax took all axes from its own on as one.
    private const int SoftmaxOfOneAxis = 13;

    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("Exp", step => Times(step, step.Y)),
            Of("Log", step => [step.Div(step.Dy, step.X)]),
            Of("Sqrt", step => [step.Div(step.Ops.Mul(step.Dy, step.Number(0.5)), step.Y)]),
            Of("Reciprocal", step => Times(step, step.Apply("Neg", Square(step, step.Y)))),
            Of("Sin", step => Times(step, step.Apply("Cos", step.X))),
            Of("Cos", step => Times(step, step.Apply("Neg", step.Apply("Sin", step.X)))),
            Of("Tan", step => Times(step, step.Ops.Add(step.Number(1), Square(step, step.Y)))),
            Of("Atan", step => [step.Div(step.Dy, step.Ops.Add(step.Number(1), Square(step, step.X)))]),
            Of("Sinh", step => Times(step, step.Apply("Cosh", step.X))),
            Of("Cosh", step => Times(step, step.Apply("Sinh", step.X))),
            Of("Abs", step => Times(step, step.Apply("Sign", step.X))),
            Of("Tanh", step => Times(step, step.Ops.Sub(step.Number(1), Square(step, step.Y)))),
            Of("Sigmoid", step => Times(step, step.Ops.Mul(step.Y, step.Ops.Sub(step.Number(1), step.Y)))),
            Of("Softplus", step => Times(step, step.Apply("Sigmoid", step.X))),
            Of("Softsign", Softsign),
            Of("Erf", Erf),
            Of("Softmax", step => [Softmax(step)]),
            Of("LogSoftmax", step => [LogSoftmax(step)]),
        ];

    private static ImmutableArray<Value?> Times(GradientStep step, Value slope) => [step.Ops.Mul(step.Dy, slope)];

    private static Value Square(GradientStep step, Value value) => step.Ops.Mul(value, value);

    // 2/√π · exp(-x²)
    private static ImmutableArray<Value?> Erf(GradientStep step)
    {
        var bell = step.Apply("Exp", step.Apply("Neg", Square(step, step.X)));
        return Times(step, step.Ops.Mul(bell, step.Number(2 / Math.Sqrt(Math.PI))));
    }

    // x / (1 + |x|)
    private static ImmutableArray<Value?> Softsign(GradientStep step) =>
        [step.Div(step.Dy, Square(step, step.Ops.Add(step.Number(1), step.Apply("Abs", step.X))))];

    // y (dy - Σ dy y)
    private static Value Softmax(GradientStep step)
    {
        var shares = Shares(step);
        var mean = step.Sum(step.Ops.Mul(step.Dy, shares), SoftmaxAxes(step));
        return step.Ops.Mul(shares, step.Ops.Sub(step.Dy, mean));
    }

    // Where everything is masked, as for padding on the left, there are no shares. Exporters of torch's attention put
    // zeros there, and nothing depends on the scores.
    private static Value Shares(GradientStep step) =>
        step.Y.Uses.FirstOrDefault(use => use.Node.Operator.Name == "IsNaN").Node?.Output is { } isNone
            ? step.Ops.Where(isNone, step.Number(0), step.Y)
            : step.Y;

    // dy - exp(y) Σ dy
    private static Value LogSoftmax(GradientStep step) =>
        step.Ops.Sub(step.Dy, step.Ops.Mul(step.Apply("Exp", step.Y), step.Sum(step.Dy, SoftmaxAxes(step))));

    private static long[] SoftmaxAxes(GradientStep step)
    {
        if (step.Ops.OperatorSetVersion >= SoftmaxOfOneAxis)
            return [step.Integer("axis", -1)];
        var (rank, axis) = (step.RankOf(step.X), step.Integer("axis", 1));
        return
        [
            .. Enumerable.Range(0, rank).Select(number => (long)number).Where(number => number >= (axis + rank) % rank),
        ];
    }
}
