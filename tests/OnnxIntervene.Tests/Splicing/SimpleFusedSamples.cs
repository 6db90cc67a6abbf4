using OnnxIntervene.IR;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// One fused norm, activation or product each, with seeded inputs: two examples of four positions, 64 wide.
/// </summary>
internal static class SimpleFusedSamples
{
    private const int Batch = 2;
    private const int Length = 4;
    private const int Width = 64;

    public static IEnumerable<FileSample> All() => [.. Norms(), .. Activations(), .. Products()];

    private static IEnumerable<FileSample> Norms()
    {
        foreach (var isSimplified in new[] { false, true })
        {
            foreach (var hasBias in new[] { false, true })
            {
                var sketch = new ModelSketch(8, 17);
                List<Value?> inputs =
                [
                    sketch.Input("x", Batch, Length, Width),
                    sketch.Input("skip", Batch, Length, Width),
                    sketch.Weights("scale", Width),
                ];
                if (!isSimplified)
                    inputs.Add(sketch.Weights("shift", Width));
                if (hasBias)
                    inputs.Add(sketch.Weights("bias", Width));
                var type = isSimplified ? "SkipSimplifiedLayerNormalization" : "SkipLayerNormalization";
                yield return FusedSamples.Finish(
                    $"{type}, bias {hasBias}",
                    sketch,
                    $"com.microsoft.{type}",
                    [.. inputs],
                    ["y", "", "", "sum"],
                    [NodeAttribute.Of("epsilon", 1e-5f)]
                );
            }
        }
    }

    private static IEnumerable<FileSample> Activations()
    {
        yield return Activation("com.microsoft.BiasGelu", "plain", 17, hasBias: true);
        yield return Activation("com.microsoft.Gelu", "plain", 17, hasBias: false);
        yield return Activation("Gelu", "exact", 20, hasBias: false);
        yield return Activation("Gelu", "approximate", 20, hasBias: false, NodeAttribute.Of("approximate", "tanh"));
        yield return Activation("com.microsoft.FastGelu", "plain", 17, hasBias: false);
        yield return Activation("com.microsoft.FastGelu", "bias", 17, hasBias: true);
        yield return Activation("com.microsoft.QuickGelu", "plain", 17, hasBias: false);
        yield return Activation(
            "com.microsoft.QuickGelu",
            "alpha",
            17,
            hasBias: false,
            NodeAttribute.Of("alpha", 1.5f)
        );
    }

    private static FileSample Activation(
        string type,
        string name,
        int operatorSet,
        bool hasBias,
        params NodeAttribute[] attributes
    )
    {
        var sketch = new ModelSketch(9, operatorSet);
        var x = sketch.Input("x", Batch, Length, Width);
        Value?[] inputs = hasBias ? [x, sketch.Weights("bias", Width)] : [x];
        return FusedSamples.Finish($"{type}, {name}", sketch, type, inputs, ["y"], attributes);
    }

    private static IEnumerable<FileSample> Products()
    {
        foreach (var (first, second) in new[] { (0L, 0L), (0L, 1L), (1L, 0L), (1L, 1L) })
        {
            var sketch = new ModelSketch(8, 17);
            var left = first == 0 ? sketch.Input("x", Batch, Length, Width) : sketch.Input("x", Batch, Width, Length);
            var right = second == 0 ? sketch.Weights("w", Width, 8) : sketch.Weights("w", 8, Width);
            NodeAttribute[] settings =
            [
                NodeAttribute.Of("transA", first),
                NodeAttribute.Of("transB", second),
                NodeAttribute.Of("alpha", 0.25f),
            ];
            yield return FusedSamples.Finish(
                $"FusedMatMul, turned {first} and {second}",
                sketch,
                "com.microsoft.FusedMatMul",
                [left, right],
                ["y"],
                settings
            );
        }
    }
}
