using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// A transformer of two layers with norms before its parts, written with the standard's operators: tokens in, logits
/// out.
/// </summary>
internal static class SmallTransformer
{
    public const int Layers = 2;
    public const int Heads = 4;
    public const int KeyHeads = 2;
    private const int HeadWidth = 8;
    private const int Width = 24;
    private const int Vocabulary = 19;

    /// <summary>With one Attention operator a layer, of operator set 23.</summary>
    public static Model WithAttention()
    {
        var sketch = new ModelSketch(11, 23);
        var tokens = sketch.Input("input_ids", ElementType.Int64, -1, -1);
        var stream = sketch.Op("embedding", "Gather", [sketch.Weights("table", Vocabulary, Width), tokens]);
        for (var layer = 0; layer < Layers; layer++)
            stream = FeedForward(sketch, $"layer.{layer}", Attention(sketch, $"layer.{layer}", stream));
        var logits = Linear(sketch, "logits", Norm(sketch, "last_norm", stream), Width, Vocabulary);
        logits.Type = ModelSketch.Type(ElementType.Float32, -1, -1, Vocabulary);
        return sketch.Build(logits);
    }

    private static Value Attention(ModelSketch sketch, string place, Value stream)
    {
        var input = Norm(sketch, $"{place}.first_norm", stream);
        var query = Linear(sketch, $"{place}.query", input, Width, Heads * HeadWidth);
        var key = Linear(sketch, $"{place}.key", input, Width, KeyHeads * HeadWidth);
        var value = Linear(sketch, $"{place}.value", input, Width, KeyHeads * HeadWidth);
        NodeAttribute[] settings =
        [
            NodeAttribute.Of("is_causal", 1L),
            NodeAttribute.Of("q_num_heads", (long)Heads),
            NodeAttribute.Of("kv_num_heads", (long)KeyHeads),
        ];
        var mixed = sketch.Op($"{place}.mixed", "Attention", [query, key, value], settings);
        return sketch.Op(
            $"{place}.attended",
            "Add",
            [stream, Linear(sketch, $"{place}.output", mixed, Heads * HeadWidth, Width)]
        );
    }

    private static Value FeedForward(ModelSketch sketch, string place, Value stream)
    {
        var up = Linear(sketch, $"{place}.up", Norm(sketch, $"{place}.second_norm", stream), Width, 32);
        var down = Linear(sketch, $"{place}.down", sketch.Op($"{place}.activation", "Relu", [up]), 32, Width);
        return sketch.Op($"{place}.result", "Add", [stream, down]);
    }

    private static Value Norm(ModelSketch sketch, string name, Value value) =>
        sketch.Op(
            name,
            "LayerNormalization",
            [value, sketch.Weights($"{name}.scale", Width), sketch.Weights($"{name}.shift", Width)],
            NodeAttribute.Of("axis", -1L)
        );

    private static Value Linear(ModelSketch sketch, string name, Value value, int width, int outputWidth) =>
        sketch.Op(name, "MatMul", [value, sketch.Weights($"{name}.weights", width, outputWidth)]);
}
