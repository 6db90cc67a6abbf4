using System.Runtime.InteropServices;
using OnnxIntervene.IR;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// One fused operator each, with seeded inputs: two examples of four positions, four heads of sixteen.
/// </summary>
internal static class FusedSamples
{
    private const int Batch = 2;
    private const int Length = 4;
    private const int Past = 3;
    private const int Heads = 4;
    private const int KeyHeads = 2;
    private const int HeadWidth = 16;
    private const int Width = Heads * HeadWidth;
    private const int KeyWidth = KeyHeads * HeadWidth;

    public static IEnumerable<FileSample> All() =>
        [
            .. Packed(),
            .. MultiHead(),
            .. GroupQuery(),
            .. GroupQueryWithCache(),
            .. Standard(),
            .. StandardWithSettings(),
            .. SimpleFusedSamples.All(),
        ];

    private static IEnumerable<FileSample> Packed()
    {
        yield return Packed("plain", null);
        yield return Packed("mask", sketch => [null, Whole(sketch, [Batch, Length], 1, 1, 1, 0, 1, 1, 1, 1)]);
        yield return Packed("counts", sketch => [null, Whole(sketch, [Batch], 3, 4)]);
        yield return Packed(
            "mask of each query",
            sketch =>
                [
                    null,
                    Whole(
                        sketch,
                        [Batch, Length, Length],
                        [.. Enumerable.Range(0, 32).Select(index => index % 3 == 1 ? 0 : 1)]
                    ),
                ]
        );
        yield return Packed("bias", sketch => [null, null, null, sketch.Input("bias", 1, Heads, Length, Length)]);
        yield return Packed("causal", null, NodeAttribute.Of("unidirectional", 1L));
        yield return Packed("scale", null, NodeAttribute.Of("scale", 0.5f));
        yield return Packed("cache", sketch => [null, null, sketch.Input("past", 2, Batch, Heads, Past, HeadWidth)]);
        yield return Packed(
            "causal cache",
            sketch => [null, null, sketch.Input("past", 2, Batch, Heads, Past, HeadWidth)],
            NodeAttribute.Of("unidirectional", 1L)
        );
    }

    // The first of the further inputs is a placeholder for the projections' bias, which is always given.
    private static FileSample Packed(string name, Func<ModelSketch, Value?[]>? more, params NodeAttribute[] attributes)
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Input("x", Batch, Length, 8);
        var rest = more?.Invoke(sketch) ?? [];
        Value?[] inputs =
        [
            x,
            sketch.Weights("weights", 8, 3 * Width),
            sketch.Weights("projection_bias", 3 * Width),
            .. rest.Skip(1),
        ];
        string[] outputs = rest.Length > 2 && rest[2] is not null ? ["y", "present"] : ["y"];
        return Finish(
            $"Attention of ONNX Runtime, {name}",
            sketch,
            "com.microsoft.Attention",
            inputs,
            outputs,
            [NodeAttribute.Of("num_heads", (long)Heads), .. attributes]
        );
    }

    private static IEnumerable<FileSample> MultiHead()
    {
        yield return MultiHead("plain", null, []);
        yield return MultiHead("bias of projections", sketch => [sketch.Weights("projection_bias", 3 * Width)], []);
        yield return MultiHead("mask", sketch => [null, Whole(sketch, [Batch, Length], 1, 1, 1, 0, 1, 1, 1, 1)], []);
        yield return MultiHead("bias", sketch => [null, null, sketch.Input("bias", 1, Heads, Length, Length)], []);
        yield return MultiHead("causal", null, [], NodeAttribute.Of("unidirectional", 1L));
        yield return MultiHead(
            "cache",
            sketch => [null, null, null, Cache(sketch, "past_key", Heads), Cache(sketch, "past_value", Heads)],
            ["key", "value"]
        );
    }

    private static FileSample MultiHead(
        string name,
        Func<ModelSketch, Value?[]>? more,
        string[] outputs,
        params NodeAttribute[] attributes
    )
    {
        var sketch = new ModelSketch(8, 17);
        var projections = new[] { "q", "k", "v" }.Select(input => sketch.Input(input, Batch, Length, Width));
        Value?[] inputs = [.. projections, .. more?.Invoke(sketch) ?? []];
        NodeAttribute[] settings = [NodeAttribute.Of("num_heads", (long)Heads), .. attributes];
        return Finish(
            $"MultiHeadAttention, {name}",
            sketch,
            "com.microsoft.MultiHeadAttention",
            inputs,
            ["y", .. outputs],
            settings
        );
    }

    private static IEnumerable<FileSample> GroupQuery()
    {
        foreach (var isPacked in new[] { false, true })
        {
            foreach (var rotates in new[] { 0L, 1L })
                yield return GroupQuery(
                    $"packed {isPacked}, rotating {rotates}",
                    isPacked,
                    _ => [],
                    NodeAttribute.Of("do_rotary", rotates)
                );
        }

        yield return GroupQuery(
            "rotating neighbours",
            false,
            _ => [],
            NodeAttribute.Of("do_rotary", 1L),
            NodeAttribute.Of("rotary_interleaved", 1L)
        );
        yield return GroupQuery("cap", false, _ => [], NodeAttribute.Of("softcap", 0.3f));
        yield return GroupQuery("window", false, _ => [], NodeAttribute.Of("local_window_size", 2L));
        yield return GroupQuery("smooth", false, _ => [], NodeAttribute.Of("smooth_softmax", 1L));
        yield return GroupQuery("sinks", false, sketch => [null, null, sketch.Weights("sinks", Heads)]);
        yield return GroupQuery("bias", false, sketch => [null, sketch.Input("bias", Batch, Heads, Length, Length)]);
        yield return GroupQuery(
            "bias and cap",
            false,
            sketch => [null, sketch.Input("bias", 1, 1, Length, Length)],
            NodeAttribute.Of("softcap", 0.3f)
        );
        yield return GroupQuery("scale", false, _ => [], NodeAttribute.Of("scale", 0.7f));
    }

    private static IEnumerable<FileSample> GroupQueryWithCache()
    {
        yield return GroupQuery("cache", false, true, 1, _ => [], NodeAttribute.Of("do_rotary", 1L));
        yield return GroupQuery("cache and window", true, true, 1, _ => [], NodeAttribute.Of("local_window_size", 3L));
        yield return GroupQuery(
            "cache and several positions",
            false,
            true,
            Length,
            _ => [],
            NodeAttribute.Of("do_rotary", 1L),
            NodeAttribute.Of("softcap", 0.5f)
        );
        yield return GroupQuery(
            "cache, window and several positions",
            false,
            true,
            Length,
            _ => [],
            NodeAttribute.Of("local_window_size", 3L)
        );
    }

    private static FileSample GroupQuery(
        string name,
        bool isPacked,
        Func<ModelSketch, Value?[]> more,
        params NodeAttribute[] attributes
    ) => GroupQuery(name, isPacked, hasPast: false, Length, more, attributes);

    // With a cache, the operator takes one example or one position.
    private static FileSample GroupQuery(
        string name,
        bool isPacked,
        bool hasPast,
        int length,
        Func<ModelSketch, Value?[]> more,
        params NodeAttribute[] attributes
    )
    {
        var sketch = new ModelSketch(8, 17);
        var (batch, total) = (hasPast && length > 1 ? 1 : Batch, (hasPast ? Past : 0) + length);
        Value?[] projections = isPacked
            ? [sketch.Input("qkv", batch, length, Width + (2 * KeyWidth)), null, null]
            :
            [
                sketch.Input("q", batch, length, Width),
                sketch.Input("k", batch, length, KeyWidth),
                sketch.Input("v", batch, length, KeyWidth),
            ];
        Value?[] cache = hasPast
            ? [Cache(sketch, "past_key", KeyHeads, batch), Cache(sketch, "past_value", KeyHeads, batch)]
            : [null, null];
        Value?[] rotation = attributes.Any(attribute => attribute is { Name: "do_rotary", Integer: 1 })
            ? [sketch.Weights("cos", 16, HeadWidth / 2), sketch.Weights("sin", 16, HeadWidth / 2)]
            : [null, null];
        Value?[] inputs =
        [
            .. projections,
            .. cache,
            Whole(sketch, [batch], [.. Enumerable.Repeat(total - 1, batch)]),
            Whole(sketch, [], total),
            .. rotation,
            .. more(sketch),
        ];
        NodeAttribute[] heads =
        [
            NodeAttribute.Of("num_heads", (long)Heads),
            NodeAttribute.Of("kv_num_heads", (long)KeyHeads),
        ];
        return Finish(
            $"GroupQueryAttention, {name}",
            sketch,
            "com.microsoft.GroupQueryAttention",
            inputs,
            ["y", "key", "value"],
            [.. heads, .. attributes]
        );
    }

    private static IEnumerable<FileSample> Standard()
    {
        foreach (var isSplit in new[] { false, true })
        {
            yield return Standard("plain", 23, isSplit, _ => []);
            yield return Standard("mask of marks", 23, isSplit, Marks);
            yield return Standard(
                "mask of numbers",
                23,
                isSplit,
                sketch => [sketch.Input("mask", Batch, 1, Length, Length)]
            );
            yield return Standard("causal", 23, isSplit, _ => [], NodeAttribute.Of("is_causal", 1L));
            yield return Standard("causal cache", 23, isSplit, Caches, NodeAttribute.Of("is_causal", 1L));
            yield return Standard(
                "cap and scale",
                23,
                isSplit,
                _ => [],
                NodeAttribute.Of("softcap", 0.3f),
                NodeAttribute.Of("scale", 0.7f)
            );
        }

        static Value?[] Marks(ModelSketch sketch) =>
            [
                sketch.Constant(
                    "mask",
                    TensorData.FromBytes(
                        ElementType.Bool,
                        [Length, Length],
                        new byte[] { 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1 }
                    )
                ),
            ];

        static Value?[] Caches(ModelSketch sketch) =>
            [null, Cache(sketch, "past_key", KeyHeads), Cache(sketch, "past_value", KeyHeads)];
    }

    // With settings that came with operator set 24, or that do not depend on the inputs' axes.
    private static IEnumerable<FileSample> StandardWithSettings()
    {
        NodeAttribute[] settings = [NodeAttribute.Of("softcap", 0.3f), NodeAttribute.Of("is_causal", 1L)];
        yield return Standard(
            "cap and causal mask",
            24,
            false,
            sketch => [sketch.Input("mask", Heads, Length, Length)],
            settings
        );
        yield return Standard(
            "counts of keys",
            24,
            true,
            sketch => [null, null, null, sketch.Constant("counts", TensorData.FromIntegers([Batch], [3, 4]))]
        );
        for (var mode = 0L; mode <= 3; mode++)
            yield return Standard(
                $"scores shown, {mode}",
                24,
                false,
                _ => [],
                NodeAttribute.Of("qk_matmul_output_mode", mode),
                NodeAttribute.Of("softcap", 0.3f)
            );
    }

    private static FileSample Standard(
        string name,
        int operatorSet,
        bool isSplit,
        Func<ModelSketch, Value?[]> more,
        params NodeAttribute[] attributes
    )
    {
        var sketch = new ModelSketch(11, operatorSet);
        Value?[] projections = isSplit
            ? [sketch.Input("q", Batch, Heads, Length, HeadWidth), Cached("k"), Cached("v")]
            :
            [
                sketch.Input("q", Batch, Length, Width),
                sketch.Input("k", Batch, Length, KeyWidth),
                sketch.Input("v", Batch, Length, KeyWidth),
            ];
        var rest = more(sketch);
        NodeAttribute[] heads = isSplit
            ? []
            : [NodeAttribute.Of("q_num_heads", (long)Heads), NodeAttribute.Of("kv_num_heads", (long)KeyHeads)];
        var hasPast = rest.Length > 1 && rest[1] is not null;
        string[] outputs =
            hasPast ? ["y", "key", "value"]
            : name.StartsWith("scores", StringComparison.Ordinal) ? ["y", "", "", "scores"]
            : ["y"];
        return Finish(
            $"Attention of operator set {operatorSet}, split {isSplit}, {name}",
            sketch,
            "Attention",
            [.. projections, .. rest],
            outputs,
            [.. heads, .. attributes]
        );

        Value Cached(string input) => sketch.Input(input, Batch, KeyHeads, Length, HeadWidth);
    }

    private static Value Cache(ModelSketch sketch, string name, int heads, int batch = Batch) =>
        sketch.Input(name, batch, heads, Past, HeadWidth);

    private static Value Whole(ModelSketch sketch, long[] sizes, params int[] numbers) =>
        sketch.Constant(
            $"whole_{sketch.Graph.Initializers.Count}",
            TensorData.FromBytes(ElementType.Int32, sizes, MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray())
        );

    /// <summary>A model of the one node.</summary>
    public static FileSample Finish(
        string name,
        ModelSketch sketch,
        string type,
        Value?[] inputs,
        string[] outputs,
        NodeAttribute[] attributes
    )
    {
        var node = sketch.Node("fused", type, inputs, outputs, attributes);
        return FileSample.Of(name, sketch.Build([.. node.Outputs.OfType<Value>()]), "y");
    }
}
