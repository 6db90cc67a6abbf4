using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Functions of one variable, and softmax.</summary>
internal static class FunctionSamples
{
    private static readonly string[] s_precise = ["Exp", "Reciprocal", "Sin", "Cos", "Abs", "Neg", "Tanh", "Sigmoid"];

    private static readonly string[] s_single = ["Softplus", "Softsign", "Erf", "Tan", "Atan", "Sinh", "Cosh"];

    /// <summary>Shapes of one input, an empty axis among them.</summary>
    public static IEnumerable<long[]> Shapes { get; } =
    [
        [2, 3],
        [4],
        [],
        [2, 0, 3],
    ];

    public static IEnumerable<GradientSample> All() => [.. Smooth(), .. Stepped(), .. Softmaxes()];

    private static IEnumerable<GradientSample> Smooth()
    {
        foreach (var shape in Shapes)
        {
            foreach (var name in s_precise)
                yield return Of(name, Text(shape), shape);
            foreach (var name in new[] { "Log", "Sqrt" })
                yield return Of(name, Text(shape), shape) with
                {
                    IsPositive = true,
                };
            foreach (var name in s_single)
                yield return Of(name, Text(shape), shape).Single();
        }
    }

    private static IEnumerable<GradientSample> Stepped()
    {
        foreach (var name in new[] { "Ceil", "Floor", "Round", "Sign" })
            yield return Of(name, "no slope", [2, 3]) with
            {
                Low = 0.1,
                High = 0.4,
            };
        yield return Of("EyeLike", "no slope", [2, 3]);
    }

    private static IEnumerable<GradientSample> Softmaxes()
    {
        foreach (var name in new[] { "Softmax", "LogSoftmax" })
        {
            yield return Of(name, "last axis", [2, 3]).Set("axis", -1);
            yield return Of(name, "first axis", [3, 2]).Set("axis", 0);
            yield return Of(name, "middle axis", [2, 3, 2]).Set("axis", 1);
            yield return Of(name, "beside an empty axis", [2, 0, 3]).Set("axis", -1);
            yield return Of(name, "old meaning of the axis", [2, 3, 2]) with
            {
                OperatorSet = 12,
                NeedsRank = true,
            };
        }
    }
}
