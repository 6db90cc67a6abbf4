using OnnxIntervene.IR;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Activations of pieces; the inputs' numbers lie on all of them.</summary>
internal static class ActivationSamples
{
    public static IEnumerable<GradientSample> All() => [.. Plain(), .. WithSettings(), .. Learned()];

    private static IEnumerable<GradientSample> Plain()
    {
        foreach (var shape in FunctionSamples.Shapes)
        {
            yield return Of("Relu", Text(shape), shape);
            foreach (var name in new[] { "LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid", "Mish" })
                yield return Of(name, Text(shape), shape).Single();
            foreach (var name in new[] { "ThresholdedRelu", "HardSwish", "HardSigmoid" })
                yield return Of(name, $"{Text(shape)}, wide", shape).Single() with
                {
                    Low = 1.1,
                    High = 4.4,
                };
        }
    }

    private static IEnumerable<GradientSample> WithSettings() =>
        [
            Of("LeakyRelu", "slope", [5]).Single().Set(NodeAttribute.Of("alpha", 0.3f)),
            Of("Elu", "size", [5]).Single().Set(NodeAttribute.Of("alpha", 0.3f)),
            Of("Selu", "sizes", [5]).Single().Set(NodeAttribute.Of("alpha", 0.7f), NodeAttribute.Of("gamma", 1.3f)),
            Of("Celu", "size", [5]).Single().Set(NodeAttribute.Of("alpha", 0.7f)),
            Of("ThresholdedRelu", "bound", [9]).Single().Set(NodeAttribute.Of("alpha", 0.01f)),
            Of("HardSigmoid", "line", [9])
                .Single()
                .Set(NodeAttribute.Of("alpha", 0.4f), NodeAttribute.Of("beta", 0.6f)),
        ];

    private static IEnumerable<GradientSample> Learned() =>
        [
            Of("PRelu", "one slope", [2, 3], [1]).Single(),
            Of("PRelu", "a slope a column", [2, 3, 2], [3, 1]).Single(),
            Of("PRelu", "as many slopes", [2, 3], [2, 3]).Single(),
            Of("PRelu", "nothing", [2, 0], [1]).Single(),
        ];
}
