using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Arithmetic element by element; inputs may be broadcast.</summary>
internal static class ElementwiseGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("Add", step => [SumTo(step, 0, () => step.Dy), SumTo(step, 1, () => step.Dy)]),
            Of("Sub", step => [SumTo(step, 0, () => step.Dy), SumTo(step, 1, () => step.Apply("Neg", step.Dy))]),
            Of(
                "Mul",
                step =>
                    [
                        SumTo(step, 0, () => step.Ops.Mul(step.Dy, step.Node.Inputs[1]!)),
                        SumTo(step, 1, () => step.Ops.Mul(step.Dy, step.X)),
                    ]
            ),
            Of("Div", Div),
            Of("Pow", Pow),
            Of("Neg", step => [step.Apply("Neg", step.Dy)]),
            Of("Sum", step => Each(step, _ => step.Dy)),
            Of("Mean", step => Each(step, _ => step.Div(step.Dy, step.Number(step.Node.Inputs.Count)))),
            Of("Max", step => Each(step, Extreme(step))),
            Of("Min", step => Each(step, Extreme(step))),
            Of("Where", Where),
            Of("Clip", Clip),
            Of("Identity", step => [step.Dy]),
            Of("Cast", Cast),
            Of("CastLike", step => [.. Cast(step), null]),
            Of("Dropout", Dropout),
        ];

    private static Value? SumTo(GradientStep step, int input, Func<Value> gradient) =>
        step.Needs(input) ? step.SumTo(gradient(), step.Node.Inputs[input]!) : null;

    private static ImmutableArray<Value?> Each(GradientStep step, Func<Value, Value> gradient) =>
        [.. step.Node.Inputs.Select((input, index) => SumTo(step, index, () => gradient(input!)))];

    private static ImmutableArray<Value?> Div(GradientStep step)
    {
        var divisor = step.Node.Inputs[1]!;
        return
        [
            SumTo(step, 0, () => step.Div(step.Dy, divisor)),
            SumTo(step, 1, () => step.Apply("Neg", step.Div(step.Ops.Mul(step.Dy, step.Y), divisor))),
        ];
    }

    // d x^p = p x^(p-1) dx + x^p ln x dp; the exponent may be of another type, and ln is only taken where it exists.
    private static ImmutableArray<Value?> Pow(GradientStep step)
    {
        var exponent = step.Node.Inputs[1]!;
        return [SumTo(step, 0, Base), SumTo(step, 1, Exponent)];

        Value Base()
        {
            var type = step.TypeOf(exponent);
            var lower = step.Ops.Emit("Pow", [step.X, step.Ops.Sub(exponent, step.Number(1, type))]);
            return step.Ops.Mul(step.Dy, step.Ops.Mul(Converted(step, exponent, type, step.Type), lower));
        }

        Value Exponent()
        {
            var isPositive = step.Ops.Emit("Greater", [step.X, step.Number(0)]);
            var logarithm = step.Apply("Log", step.Ops.Where(isPositive, step.X, step.Number(1)));
            var gradient = step.Ops.Mul(step.Dy, step.Ops.Mul(step.Y, logarithm));
            return Converted(step, gradient, step.Type, step.TypeOf(exponent));
        }
    }

    // Inputs that are equal share what the largest, or smallest, gets.
    private static Func<Value, Value> Extreme(GradientStep step)
    {
        var shares = step.Node.Inputs.Select(input => IsExtreme(input!)).ToList();
        var count = shares.Aggregate(step.Ops.Add);
        var share = step.Div(step.Dy, count);
        return input => step.Ops.Mul(share, IsExtreme(input));

        Value IsExtreme(Value input) => step.Ops.Cast(step.Ops.Emit("Equal", [input, step.Y]), step.Type);
    }

    private static ImmutableArray<Value?> Where(GradientStep step)
    {
        var condition = step.X;
        var type = step.TypeOf(step.Y);
        return
        [
            null,
            SumTo(step, 1, () => step.Ops.Where(condition, step.Dy, step.Number(0, type))),
            SumTo(step, 2, () => step.Ops.Where(condition, step.Number(0, type), step.Dy)),
        ];
    }

    // What was not clipped is unchanged. The limits get no gradient of their own: they are settings.
    private static ImmutableArray<Value?> Clip(GradientStep step)
    {
        if (step.Needs(1) || step.Needs(2))
            throw step.Refusal("its limits depend on what is differentiated by, and have no rule");
        var isKept = step.Ops.Emit("Equal", [step.X, step.Y]);
        return step.ToFirst(step.Masked(isKept, step.Dy));
    }

    private static ImmutableArray<Value?> Cast(GradientStep step) =>
        step.Type.IsFloat() ? [Converted(step, step.Dy, step.TypeOf(step.Y), step.Type)] : [null];

    private static ImmutableArray<Value?> Dropout(GradientStep step)
    {
        if (step.Node.InputOrNull(2) is { } training && training.Initializer?.ReadBytes().Span[0] != 0)
            throw step.Refusal("it may drop elements at random");
        return step.ToFirst(step.Dy);
    }

    private static Value Converted(GradientStep step, Value value, ElementType from, ElementType to) =>
        from == to ? value : step.Ops.Cast(value, to);
}
