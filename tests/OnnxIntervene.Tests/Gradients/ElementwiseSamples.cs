using OnnxIntervene.IR;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Arithmetic element by element: equal shapes, broadcast from either side, empty axes.</summary>
internal static class ElementwiseSamples
{
    private static readonly (long[] Left, long[] Right)[] s_pairs =
    [
        ([2, 3], [2, 3]),
        ([2, 3], [3]),
        ([1, 3], [2, 1]),
        ([], [2, 3]),
        ([2, 1, 3], [4, 1]),
        ([0, 3], [1, 3]),
    ];

    public static IEnumerable<GradientSample> All() => [.. Pairs(), .. Choices(), .. Single()];

    private static IEnumerable<GradientSample> Pairs()
    {
        foreach (var name in new[] { "Add", "Sub", "Mul", "Div", "Sum", "Max", "Min" })
        {
            foreach (var sample in Broadcast(name))
                yield return sample;
        }

        foreach (var sample in Broadcast("Pow"))
            yield return sample with
            {
                IsPositive = true,
            };
        // ONNX Runtime has it for 32-bit floats only.
        foreach (var sample in Broadcast("Mean"))
            yield return sample.Single();
        yield return Of("Pow", "whole exponent", [2, 3]).Then(2);
        yield return Of("Max", "three inputs", [2, 3], [3], [2, 1]);
    }

    private static IEnumerable<GradientSample> Choices() =>
        s_pairs
            .Where(pair => pair.Left is [.., 3] || pair.Right is [.., 3])
            .Select(pair =>
                Of("Where", Text(pair.Left, pair.Right), pair.Left, pair.Right) with
                {
                    Before = sketch => [sketch.Constant("is", Marks(true, false, true))],
                }
            );

    private static IEnumerable<GradientSample> Single()
    {
        foreach (long[] shape in FunctionSamples.Shapes)
        {
            yield return Of("Identity", Text(shape), shape);
            yield return Of("Dropout", Text(shape), shape);
            yield return Of("Cast", Text(shape), shape).Set("to", (long)ElementType.Float64);
            yield return Of("CastLike", Text(shape), shape).Then(sketch => [sketch.Constant("like", Double(1))]);
            yield return Of("Clip", Text(shape), shape)
                .Then(sketch => [sketch.Constant("least", Double(-0.5)), sketch.Constant("most", Double(0.7))]);
        }
    }

    private static IEnumerable<GradientSample> Broadcast(string name) =>
        s_pairs.Select(pair => Of(name, Text(pair.Left, pair.Right), pair.Left, pair.Right));
}
