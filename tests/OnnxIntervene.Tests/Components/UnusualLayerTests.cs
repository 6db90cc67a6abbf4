using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Components;

/// <summary>Layers whose stream is not added to plainly are found, or the map says what it leaves out.</summary>
public sealed class UnusualLayerTests
{
    private const int Width = 8;

    [TestCase("scale")]
    [TestCase("clip")]
    [TestCase("where")]
    [TestCase("mask")]
    [TestCase("batch norm")]
    public void What_follows_an_addition_in_the_stream_is_in_the_layer(string kind)
    {
        var sketch = new LayerSketch();
        var guard = StreamGuard.Of(sketch, kind, Width);
        List<Value> streams = [sketch.Tokens("input_ids", Width)];
        for (var layer = 0; layer < 2; layer++)
        {
            streams.Add(guard(sketch.Sum(streams[^1], sketch.Attended(streams[^1], Width))));
            streams.Add(guard(sketch.Sum(streams[^1], sketch.Fed(streams[^1], Width))));
        }

        var map = Finish(sketch, streams[^1]);

        Assert.That(map.LeftOut, Is.Empty);
        Assert.That(Places(map, "block_input"), Is.EqualTo(new[] { streams[0].Name, streams[2].Name }));
        Assert.That(Places(map, "resid_mid"), Is.EqualTo(new[] { streams[1].Name, streams[3].Name }));
        Assert.That(Places(map, "block_output"), Is.EqualTo(new[] { streams[2].Name, streams[4].Name }));
    }

    [Test]
    public void A_scale_after_the_last_layer_alone_is_not_in_it()
    {
        var sketch = new LayerSketch();
        var last = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2);
        sketch.Output(sketch.Linear(sketch.Apply("Mul", last, sketch.Numbers(0.5f)), Width, 11));

        Assert.That(Places(ComponentMap.Find(sketch.Model), "block_output")[^1], Is.EqualTo(last.Name));
    }

    [Test]
    public void A_batch_norm_before_a_sub_layer_is_its_norm()
    {
        var sketch = new LayerSketch();
        List<Value> streams = [sketch.Tokens("input_ids", Width)];
        List<string> inputs = [];
        for (var layer = 0; layer < 2; layer++)
        {
            var normed = sketch.BatchNorm(streams[^1], Width);
            inputs.Add(normed.Name);
            streams.Add(sketch.Sum(streams[^1], sketch.AttendedPlainly(normed, Width)));
            streams[^1] = sketch.Layer(streams[^1], Width, "f");
        }

        var map = Finish(sketch, streams[^1]);

        Assert.That(Places(map, "block_output"), Is.EqualTo(streams.Skip(1).Select(stream => stream.Name)));
        Assert.That(Places(map, "attention_input"), Is.EqualTo(inputs));
    }

    [TestCase("negated difference", 2)]
    [TestCase("sum of three", 2)]
    [TestCase("einsum", 2)]
    [TestCase("pooling", 2)]
    [TestCase("recurrence", 2)]
    public void Layers_begin_where_their_first_sub_layer_reads_the_stream(string kind, int count)
    {
        var sketch = new LayerSketch();
        List<Value> ends = [sketch.Tokens("input_ids", Width)];
        for (var layer = 0; layer < count; layer++)
            ends.Add(Layer(sketch, ends[^1], kind));

        var map = Finish(sketch, ends[^1]);

        Assert.That(Places(map, "block_input"), Is.EqualTo(ends.SkipLast(1).Select(end => end.Name)));
        Assert.That(Places(map, "block_output"), Is.EqualTo(ends.Skip(1).Select(end => end.Name)));
    }

    [Test]
    public void Attention_without_matrices_of_two_axes_has_its_output_and_says_what_else_is_missing()
    {
        var sketch = new LayerSketch();
        var map = Finish(sketch, Layer(sketch, Layer(sketch, sketch.Tokens("input_ids", Width), "einsum"), "einsum"));

        Assert.That(Places(map, "attention_output"), Has.Count.EqualTo(2));
        Assert.That(
            map.Missing.Select(missing => missing.Address.Name),
            Does.Contain("query_output").And.Contain("attention_weight").And.Contain("head_value_output")
        );
    }

    [TestCase("gate")]
    [TestCase("join")]
    public void Attention_that_joins_the_stream_in_another_way_is_said_to_be_left_out(string kind)
    {
        var sketch = new LayerSketch();
        var stream = sketch.Tokens("input_ids", Width);
        for (var layer = 0; layer < 2; layer++)
            stream = sketch.Layer(Joined(sketch, stream, kind), Width, "f");

        var map = Finish(sketch, stream);

        Assert.That(map.LeftOut.Single(), Does.StartWith("attention before layer 0, 1 is in no layer"));
    }

    [Test]
    public void A_feed_forward_without_residual_between_layers_is_said_to_be_left_out()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layer(sketch.Tokens("input_ids", Width), Width, "af");
        var map = Finish(sketch, sketch.Layer(sketch.Fed(stream, Width), Width, "af"));

        Assert.That(map.LayerCount, Is.EqualTo(2));
        Assert.That(map.LeftOut.Single(), Does.StartWith("a product with a matrix before layer 1 is in no layer"));
    }

    [TestCase("GRU", "bidirectional", false, "direction")]
    [TestCase("LSTM", "reverse", false, "direction")]
    [TestCase("RNN", "forward", true, "sequence_lens")]
    public void States_that_cannot_be_reached_are_not_given_out(string type, string direction, bool lengths, string why)
    {
        var gates = type switch
        {
            "GRU" => 3,
            "LSTM" => 4,
            _ => 1,
        };
        var directions = direction == "bidirectional" ? 2 : 1;
        var sketch = new ModelSketch(8, 17);
        var states = sketch.Op(
            "states",
            type,
            [
                sketch.Input("steps", 5, -1, Width),
                sketch.Weights("w", directions, gates * Width, Width),
                sketch.Weights("r", directions, gates * Width, Width),
                .. lengths ? new Value?[] { null, sketch.Input("lengths", ElementType.Int32, -1) } : [],
            ],
            NodeAttribute.Of("hidden_size", (long)Width),
            NodeAttribute.Of("direction", direction)
        );

        var map = ComponentMap.Find(sketch.Build(states));

        Assert.That(map.Components, Is.Empty);
        Assert.That(map.Missing.Single().ToString(), Does.Contain("cell_output").And.Contain(why));
    }

    [Test]
    public void A_perceptrons_layers_end_where_its_heads_part([Values] bool hasLongHead)
    {
        var sketch = new ModelSketch(8, 17);
        var first = Dense(sketch, "first", sketch.Input("x", -1, 6), 6, "Relu");
        var second = Dense(sketch, "second", first, Width, "Relu");
        var head = Dense(sketch, "head", second, Width, "Softmax");
        var other = Dense(sketch, "other", second, Width, "Sigmoid");
        if (hasLongHead)
            other = Dense(sketch, "last", other, Width, "Softmax");

        var map = ComponentMap.Find(sketch.Build(head, other));

        Assert.That(Places(map, "block_output"), Is.EqualTo(new[] { "first [batch, width]", "second [batch, width]" }));
        Assert.That(map.LeftOut, Has.Length.EqualTo(hasLongHead ? 1 : 0));
    }

    private static Value Dense(ModelSketch sketch, string name, Value input, int from, string activation) =>
        sketch.Op(
            name,
            activation,
            [
                sketch.Op(
                    $"{name}_sum",
                    "Gemm",
                    [input, sketch.Weights($"{name}_w", from, Width), sketch.Weights($"{name}_b", Width)]
                ),
            ]
        );

    private static Value Layer(LayerSketch sketch, Value stream, string kind) =>
        kind switch
        {
            "negated difference" => sketch.Layer(
                sketch.Apply("Sub", stream, sketch.Apply("Neg", sketch.Attended(stream, Width))),
                Width,
                "f"
            ),
            "sum of three" => sketch.Apply("Sum", sketch.Attended(stream, Width), stream, sketch.Fed(stream, Width)),
            "einsum" => sketch.Layer(sketch.Projected(stream, Width), Width, "f"),
            "pooling" => sketch.Layer(sketch.Sum(stream, sketch.Pooled(stream, Width)), Width, "f"),
            "recurrence" => sketch.Layer(sketch.Sum(stream, sketch.Remembered(stream, Width)), Width, "f"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };

    // t·f + (1 − t)·x; or a linear layer of both side by side.
    private static Value Joined(LayerSketch sketch, Value stream, string kind)
    {
        var part = sketch.Attended(stream, Width);
        if (kind == "join")
            return sketch.Linear(sketch.JoinWidths(stream, part), 2 * Width, Width);
        var gate = sketch.Sigmoid(sketch.Norm(stream, Width), Width);
        var kept = sketch.Apply("Mul", sketch.Apply("Sub", sketch.Numbers(1), gate), stream);
        return sketch.Sum(sketch.Apply("Mul", gate, part), kept);
    }

    private static ComponentMap Finish(LayerSketch sketch, Value stream)
    {
        sketch.Output(sketch.Linear(sketch.Norm(stream, Width), Width, 11));
        return ComponentMap.Find(sketch.Model);
    }

    private static List<string> Places(ComponentMap map, string name) =>
        [
            .. map
                .Components.Where(component => component.Address.Name == name && component.Address.Stack is null)
                .Select(component => component.Source.Description.Split(" as ")[0]),
        ];
}
