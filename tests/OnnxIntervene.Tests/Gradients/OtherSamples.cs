using OnnxIntervene.IR;
using OnnxIntervene.Tests.Files;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Norms, convolutions, rotations, losses and products with weights of few bits.</summary>
internal static class OtherSamples
{
    public static IEnumerable<GradientSample> All() =>
        [.. Norms(), .. Convolutions(), .. Quantized(), .. Rotations(), .. Losses()];

    private static IEnumerable<GradientSample> Norms()
    {
        foreach (long[] shape in new long[][] { [2, 4], [2, 2, 3], [2, 0, 3] })
        {
            yield return Of("LayerNormalization", Text(shape), shape, [shape[^1]], [shape[^1]]);
            yield return Of("LayerNormalization", $"{Text(shape)}, no shift", shape, [shape[^1]]);
            yield return Of("SimplifiedLayerNormalization", Text(shape), shape, [shape[^1]]);
            yield return Of("RMSNormalization", Text(shape), shape, [shape[^1]]) with
            {
                OperatorSet = 23,
            };
        }

        yield return Of("LayerNormalization", "two axes", [2, 2, 3], [2, 3], [2, 3])
            .Set("axis", 1)
            .Set(NodeAttribute.Of("epsilon", 0.01f)) with
        {
            NeedsRank = true,
        };
    }

    private static IEnumerable<GradientSample> Convolutions() =>
        [
            Of("Conv", "padded", [2, 2, 4])
                .Single()
                .Then(sketch => [sketch.Weights("w", 3, 2, 3)])
                .Set(NodeAttribute.Of("pads", [2L, 0])),
            Of("Conv", "of each channel", [2, 2, 4])
                .Single()
                .Then(sketch => [sketch.Weights("w", 2, 1, 2), sketch.Weights("b", 2)])
                .Set("group", 2)
                .Set(NodeAttribute.Of("dilations", [2L])),
        ];

    // 3 rows of 40 weights, in blocks of 16: the last is not full, and there is an odd number of them.
    private static IEnumerable<GradientSample> Quantized() =>
        from form in new[] { (Bits: 4L, Zeros: 0), (4, 1), (4, 2), (8, 0), (8, 1) }
        select Of("com.microsoft.MatMulNBits", $"{form}", [2, 2, 40])
            .Single()
            .Then(sketch =>
                [
                    sketch.Bytes("weights", ElementType.UInt8, 3, 3, 16 * form.Bits / 8),
                    sketch.Weights("scales", 3, 3),
                    form.Zeros switch
                    {
                        0 => null,
                        1 => sketch.Bytes("zeros", ElementType.UInt8, 3, form.Bits == 4 ? 2 : 3),
                        _ => sketch.Weights("zeros", 3, 3),
                    },
                ]
            )
            .Set("K", 40)
            .Set("N", 3)
            .Set("bits", form.Bits)
            .Set("block_size", 16);

    private static IEnumerable<GradientSample> Rotations()
    {
        foreach (var interleaved in new[] { 0L, 1L })
        {
            yield return Rotation("RotaryEmbedding", interleaved, sketch => [.. Caches(sketch), Positions(sketch)]);
            yield return Rotation(
                "com.microsoft.RotaryEmbedding",
                interleaved,
                sketch => [Positions(sketch), .. Caches(sketch)]
            );
        }
    }

    private static GradientSample Rotation(string name, long interleaved, Func<ModelSketch, Value?[]> angles) =>
        Of(name, $"interleaved {interleaved}", [1, 2, 3, 4]).Single().Then(angles).Set("interleaved", interleaved) with
        {
            OperatorSet = 23,
        };

    private static Value Positions(ModelSketch sketch) =>
        sketch.Constant("positions", TensorData.FromIntegers([1, 3], [2, 0, 1]));

    private static Value?[] Caches(ModelSketch sketch) => [sketch.Weights("cos", 4, 2), sketch.Weights("sin", 4, 2)];

    private static IEnumerable<GradientSample> Losses()
    {
        foreach (var reduction in new[] { "mean", "sum", "none" })
        {
            yield return Loss("rows", reduction, [3, 4], [3], 2, 0, 3);
            yield return Loss("further axes", reduction, [2, 3, 2], [2, 2], 2, 0, 1, 1);
        }

        yield return Of("SoftmaxCrossEntropyLoss", "mean unless said", [2, 3])
            .Single()
            .Then(sketch => [sketch.Integers("labels", 1, 2)]);
    }

    private static GradientSample Loss(
        string note,
        string reduction,
        long[] shape,
        long[] labelShape,
        params long[] labels
    ) =>
        Of("SoftmaxCrossEntropyLoss", $"{note}, {reduction}", shape)
            .Single()
            .Then(sketch => [sketch.Constant("labels", TensorData.FromIntegers(labelShape, labels))])
            .Set(NodeAttribute.Of("reduction", reduction));
}
