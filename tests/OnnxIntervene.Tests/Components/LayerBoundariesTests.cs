using OnnxIntervene.Components;
using OnnxIntervene.Components.Inspection;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Layers begin where that makes them equal, or there are none.</summary>
public sealed class LayerBoundariesTests
{
    private const int Width = 8;

    [TestCase("af", 3)]
    [TestCase("faf", 2)]
    [TestCase("hafh", 1)]
    [TestCase("havh", 3)]
    [TestCase("hvah", 2)]
    [TestCase("havhn", 3)]
    [TestCase("haf", 4)]
    [TestCase("aaf", 2)]
    [TestCase("p", 3)]
    [TestCase("pf", 3)]
    [TestCase("anfn", 3)]
    [TestCase("afvf", 2)]
    [TestCase("a", 3)]
    [TestCase("av", 3)]
    [TestCase("m", 3)]
    [TestCase("vaf", 3)]
    public void Layers_of_equal_sub_layers_are_found(string letters, int count)
    {
        var sketch = new LayerSketch();
        var stream = sketch.Tokens("input_ids", Width);
        List<Value> ends = [stream];
        for (var layer = 0; layer < count; layer++)
            ends.Add(stream = sketch.Layer(stream, Width, letters));
        Finish(sketch, stream);

        Assert.That(BlockOutputs(sketch), Is.EqualTo(ends.Skip(1).Select(end => end.Name)));
        Assert.That(BlockInputs(sketch), Is.EqualTo(ends.SkipLast(1).Select(end => end.Name)));
    }

    [TestCase("af af ae ae", TestName = "Experts_in_some_layers")]
    [TestCase("af ae af ae", TestName = "Experts_in_every_second_layer")]
    [TestCase("mf mf mf af mf mf mf af", TestName = "Attention_in_every_fourth_layer")]
    [TestCase("mf me af me mf", TestName = "Mixers_and_experts")]
    [TestCase("m a m m", TestName = "Mixers_without_feed_forward")]
    [TestCase("vf vf af vf af", TestName = "Convolution_in_the_place_of_attention")]
    public void Layers_may_differ_in_what_stands_in_one_place(string layers)
    {
        var sketch = new LayerSketch();
        var stream = sketch.Tokens("input_ids", Width);
        List<string> ends = [];
        foreach (var layer in layers.Split(' '))
            ends.Add((stream = sketch.Layer(stream, Width, layer)).Name);
        Finish(sketch, stream);

        Assert.That(BlockOutputs(sketch), Is.EqualTo(ends));
    }

    [TestCase("acf acf", 1)]
    [TestCase("acf af acf af", 1)]
    [TestCase("af af cf af cf", 1)]
    [TestCase("ac ac", 1)]
    public void Cross_attention_is_in_a_layer_or_in_the_place_of_attention(string layers, int encoder)
    {
        var sketch = new LayerSketch();
        var encoded = sketch.Layers(sketch.Features("features", Width), Width, "af", encoder);
        var stream = sketch.Tokens("decoder_input_ids", Width);
        List<string> ends = [];
        foreach (var layer in layers.Split(' '))
        {
            foreach (var letter in layer)
                stream =
                    letter == 'c' ? sketch.Cross(stream, Width, encoded) : sketch.Layer(stream, Width, $"{letter}");
            ends.Add(stream.Name);
        }

        Finish(sketch, stream);

        Assert.That(BlockOutputs(sketch), Is.EqualTo(ends));
    }

    [TestCase("af af f")]
    [TestCase("f af af af f")]
    [TestCase("af aff af")]
    [TestCase("af av af")]
    public void Layers_that_cannot_be_made_equal_are_not_given_out(string layers)
    {
        var sketch = new LayerSketch();
        var stream = sketch.Tokens("input_ids", Width);
        foreach (var layer in layers.Split(' '))
            stream = sketch.Layer(stream, Width, layer);
        Finish(sketch, stream);

        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.LayerCount, Is.Zero);
        Assert.That(map.Components, Is.Empty);
        Assert.That(map.LeftOut.Single(), Does.Contain("cannot be divided into layers"));
        Assert.That(
            () => map.Get(0, "block_output"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("cannot be divided into layers")
        );
        Assert.That(
            GraphStructure.Describe(sketch.Model, map).Layers.Single().Parts,
            Has.Length.EqualTo(layers.Replace(" ", "", StringComparison.Ordinal).Length)
        );
    }

    [Test]
    public void Names_of_modules_divide_what_the_structure_does_not()
    {
        var sketch = new LayerSketch();
        sketch.Enter("/model");
        var stream = sketch.Tokens("input_ids", Width);
        List<string> ends = [];
        foreach (var letters in new[] { "m", "f", "m", "m", "a", "f" })
        {
            sketch.Enter($"/model/layers.{ends.Count}");
            ends.Add((stream = sketch.Layer(stream, Width, letters)).Name);
        }

        Finish(sketch, stream);

        Assert.That(BlockOutputs(sketch), Is.EqualTo(ends));
    }

    [Test]
    public void Norms_behind_a_reshape_are_in_the_stream()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Linear(sketch.Tokens("input_ids", 2 * Width), 2 * Width, Width);
        List<Value> ends = [stream];
        for (var layer = 0; layer < 3; layer++)
            ends.Add(stream = sketch.Flattened(stream, Width));
        sketch.Output(sketch.Linear(sketch.Linear(stream, Width, 2 * Width), 2 * Width, 11));

        Assert.That(BlockOutputs(sketch), Is.EqualTo(ends.Skip(1).Select(end => end.Name)));
        Assert.That(BlockInputs(sketch), Is.EqualTo(ends.SkipLast(1).Select(end => end.Name)));
    }

    [Test]
    public void A_convolution_before_the_first_layer_is_left_out_and_said_to_be()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layer(sketch.Features("input_values", Width), Width, "v");
        var first = stream.Name;
        Finish(sketch, sketch.Layers(stream, Width, "af", 3));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.LayerCount, Is.EqualTo(3));
        Assert.That(map.Get(0, "block_input").Source.Description, Is.EqualTo(first));
        Assert.That(map.LeftOut.Single(), Does.EndWith("it is a convolution before the first layer"));
    }

    [Test]
    public void A_norm_that_ends_every_layer_ends_the_last_one_too()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layers(sketch.Features("input_features", Width), Width, "havhn", 2);
        sketch.Output(stream);

        Assert.That(BlockOutputs(sketch)[^1], Is.EqualTo(stream.Name));
    }

    [Test]
    public void The_last_feed_forward_of_a_layer_is_its_mlp()
    {
        var model = OnnxFile.Load(
            Path.Combine(RepositoryPaths.OwnReferences, "structure/feed-forward-first/model.onnx")
        );
        var map = ComponentMap.Find(model);

        Assert.That(Places(map, "block_output"), Is.EqualTo(new[] { "t39", "t77" }));
        Assert.That(Places(map, "block_input"), Is.EqualTo(new[] { "t1", "t39" }));
        Assert.That(Places(map, "attention_output"), Is.EqualTo(new[] { "t31", "t69" }));
        Assert.That(Places(map, "mlp_output"), Is.EqualTo(new[] { "t38", "t76" }));
        Assert.That(map.LeftOut.Single(), Does.StartWith("in 2 of 2 layers, one more feed-forward"));
    }

    [Test]
    public void A_mixer_and_the_feed_forward_after_it_both_have_components()
    {
        var sketch = new LayerSketch();
        Finish(sketch, sketch.Layers(sketch.Tokens("input_ids", Width), Width, "mf", 2));

        var names = ComponentMap.Find(sketch.Model).Components.Select(component => component.Address.Name).ToList();

        Assert.That(names, Does.Contain("mixer_output").And.Contain("mlp_output"));
    }

    private static void Finish(LayerSketch sketch, Value stream)
    {
        sketch.Enter("/head");
        sketch.Output(sketch.Linear(sketch.Norm(stream, Width), Width, 11));
    }

    private static List<string> BlockOutputs(LayerSketch sketch) =>
        Places(ComponentMap.Find(sketch.Model), "block_output");

    private static List<string> BlockInputs(LayerSketch sketch) =>
        Places(ComponentMap.Find(sketch.Model), "block_input");

    private static List<string> Places(ComponentMap map, string name) =>
        [
            .. map
                .Components.Where(component => component.Address.Name == name && component.Address.Stack is null)
                .Select(component => component.Source.Description),
        ];
}
