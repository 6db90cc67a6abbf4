using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Stacks of layers that go on from each other are one; those beside each other have names.</summary>
public sealed class StackTests
{
    private const int Width = 8;

    [Test]
    public void Stages_of_a_hierarchical_encoder_are_one_sequence_of_layers()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Linear(sketch.Features("pixel_values", 5), 5, Width);
        List<(string End, int Width)> ends = [];
        for (var (stage, width) = (0, Width); stage < 3; stage++, width *= 2)
        {
            if (stage > 0)
                stream = sketch.Merge(stream, width / 2, width);
            for (var layer = 0; layer <= stage; layer++)
                ends.Add(((stream = sketch.Layer(stream, width, "af")).Name, width));
        }

        sketch.Output(sketch.Linear(sketch.Norm(stream, 4 * Width), 4 * Width, 3));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.Stacks, Is.EqualTo(new[] { new ComponentStack("", 6, true) }));
        Assert.That(
            Enumerable.Range(0, 6).Select(layer => map.Get(layer, "block_output")).Select(Place),
            Is.EqualTo(ends)
        );
        Assert.That(map.Get(5, "attention_output").Width, Is.EqualTo(4 * Width));
    }

    [Test]
    public void Attention_to_fewer_positions_of_the_same_stream_is_not_cross_attention()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Features("pixel_values", Width);
        for (var layer = 0; layer < 2; layer++)
            stream = sketch.Layer(sketch.Reduced(stream, Width), Width, "f");
        sketch.Output(sketch.Layers(sketch.Merge(stream, Width, Width), Width, "af", 2));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.LayerCount, Is.EqualTo(4));
        Assert.That(map.Components.Select(component => component.Address.Name), Has.None.StartsWith("cross_"));
    }

    [Test]
    public void What_is_computed_of_windows_is_not_given_out_as_the_streams()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Features("pixel_values", Width);
        for (var layer = 0; layer < 2; layer++)
            stream = sketch.Layer(sketch.Windowed(stream, Width), Width, "f");
        sketch.Output(stream);
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.LayerCount, Is.EqualTo(2));
        Assert.That(map.Get(0, "attention_input").Source, Is.TypeOf<TensorSource>());
        Assert.That(
            ((TensorSource)map.Get(1, "attention_output").Source).Value.Uses.Single().Node.Operator.OperatorType,
            Is.EqualTo("Add")
        );
        Assert.That(
            () => map.Get(1, "head_query_output"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("Transpose")
        );
    }

    [Test]
    public void A_stream_whose_last_axis_is_not_its_width_is_left_out()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Turn(sketch.Features("input_features", Width));
        for (var layer = 0; layer < 3; layer++)
            stream = sketch.ChannelsFirst(stream, Width);
        sketch.Output(stream);
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.Components, Is.Empty);
        Assert.That(map.LeftOut.Single(), Does.Contain("last axis"));
    }

    [Test]
    public void Of_two_stacks_that_look_at_each_other_neither_is_the_model()
    {
        var sketch = new LayerSketch();
        var (text, image) = (sketch.Tokens("input_ids", Width), sketch.Features("pixel_values", Width));
        for (var layer = 0; layer < 2; layer++)
        {
            (text, image) = (sketch.Cross(text, Width, image), sketch.Cross(image, Width, text));
            (text, image) = (sketch.Layer(text, Width, "af"), sketch.Layer(image, Width, "af"));
        }

        sketch.Output(sketch.Linear(text, Width, 4));
        sketch.Output(sketch.Linear(image, Width, 4));

        Assert.That(
            ComponentMap.Find(sketch.Model).Stacks,
            Is.EquivalentTo(new[] { new ComponentStack("text", 2, false), new ComponentStack("vision", 2, false) })
        );
    }

    [TestCase("query_ids", "passage_ids", "query_ids", "passage_ids")]
    [TestCase("input_ids", "input_ids.2", "input_ids", "input_ids_2")]
    public void Two_towers_of_texts_are_named_by_the_names_of_their_inputs(
        string one,
        string other,
        params string[] names
    )
    {
        var sketch = new LayerSketch();
        foreach (var input in new[] { one, other })
            sketch.Output(sketch.Layers(sketch.Tokens(input, Width), Width, "af", 2));

        Assert.That(ComponentMap.Find(sketch.Model).Stacks.Select(stack => stack.Name), Is.EqualTo(names));
    }

    [Test]
    public void Two_towers_are_named_by_their_inputs_and_neither_is_the_model()
    {
        var sketch = new LayerSketch();
        var text = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 3);
        var image = sketch.Layers(sketch.Features("pixel_values", Width), Width, "af", 2);
        sketch.Output(sketch.Linear(text, Width, 4));
        sketch.Output(sketch.Linear(image, Width, 4));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(
            map.Stacks,
            Is.EqualTo(new[] { new ComponentStack("text", 3, false), new ComponentStack("vision", 2, false) })
        );
        Assert.That(map.Get(2, "text.block_output"), Is.SameAs(map.Get(0, "text.2.block_output")));
        Assert.That(map.Get(2, "text.block_output").Source.Description, Is.EqualTo(text.Name));
        Assert.That(map.Get(1, "vision_model.block_output").Source.Description, Is.EqualTo(image.Name));
        Assert.That(
            () => map.Get(0, "block_output"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("text (3 layers), vision (2 layers)")
        );
    }

    [TestCase("/text_model/encoder", "/vision_model/encoder", "text", "vision")]
    [TestCase("/encoder", "/model/visual", "encoder", "model")]
    [TestCase("/towers.0", "/towers.1", "towers0", "towers1")]
    public void Two_towers_are_named_by_their_modules(string one, string other, params string[] names)
    {
        var sketch = new LayerSketch();
        var input = sketch.Tokens("input_ids", Width);
        foreach (var module in new[] { one, other })
        {
            var stream = input;
            for (var layer = 0; layer < 2; layer++)
            {
                sketch.Enter($"{module}/layers.{layer}");
                stream = sketch.Layer(stream, Width, "af");
            }

            sketch.Output(sketch.Linear(stream, Width, 4));
        }

        Assert.That(ComponentMap.Find(sketch.Model).Stacks.Select(stack => stack.Name), Is.EqualTo(names));
    }

    [Test]
    public void Towers_of_one_input_without_names_are_numbered()
    {
        var sketch = new LayerSketch();
        var input = sketch.Tokens("input_ids", Width);
        foreach (var count in new[] { 2, 3 })
            sketch.Output(sketch.Layers(sketch.Linear(input, Width, Width), Width, "af", count));

        Assert.That(
            ComponentMap.Find(sketch.Model).Stacks,
            Is.EqualTo(new[] { new ComponentStack("stack1", 2, false), new ComponentStack("stack2", 3, false) })
        );
    }

    [TestCase(true)]
    [TestCase(false)]
    public void The_decoder_of_a_pair_is_the_model_and_its_encoder_is_named(bool encoderFirst)
    {
        var sketch = new LayerSketch();
        var early = encoderFirst ? null : sketch.Tokens("decoder_input_ids", Width);
        var encoded = sketch.Norm(sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 3), Width);
        var stream = early ?? sketch.Tokens("decoder_input_ids", Width);
        for (var layer = 0; layer < 2; layer++)
            stream = sketch.Layer(sketch.Cross(sketch.Layer(stream, Width, "a"), Width, encoded), Width, "f");
        sketch.Output(sketch.Linear(stream, Width, 11));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(
            map.Stacks.OrderBy(stack => stack.Name),
            Is.EqualTo(new[] { new ComponentStack("decoder", 2, true), new ComponentStack("encoder", 3, false) })
        );
        Assert.That(map.LayerCount, Is.EqualTo(2));
        Assert.That(map.Get(1, "block_output").Source.Description, Is.EqualTo(stream.Name));
        Assert.That(map.Get(1, "decoder.block_output"), Is.SameAs(map.Get(1, "block_output")));
        Assert.That(
            map.Get(0, "encoder.2.block_output").Address.ToString(),
            Is.EqualTo("block_output of layer 2 of encoder")
        );
        Assert.That(map.Missing, Is.Empty);
    }

    [Test]
    public void A_text_model_that_takes_images_in_is_not_the_vision_models_next_layers()
    {
        var sketch = new LayerSketch();
        var image = sketch.Layers(sketch.Features("pixel_values", Width), Width, "af", 2);
        var joined = sketch.Join(sketch.Linear(image, Width, 2 * Width), sketch.Tokens("input_ids", 2 * Width));
        sketch.Output(sketch.Layers(joined, 2 * Width, "af", 3));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(
            map.Stacks,
            Is.EqualTo(new[] { new ComponentStack("vision", 2, false), new ComponentStack("text", 3, true) })
        );
    }

    [Test]
    public void Two_stacks_that_go_on_from_one_are_beside_each_other()
    {
        var sketch = new LayerSketch();
        var trunk = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2);
        foreach (var count in new[] { 1, 3 })
            sketch.Output(sketch.Layers(sketch.Linear(trunk, Width, Width), Width, "af", count));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(
            map.Stacks.Select(stack => (stack.LayerCount, stack.IsMain)),
            Is.EqualTo(new[] { (2, false), (1, false), (3, false) })
        );
    }

    [TestCase(2)]
    [TestCase(0)]
    public void Layers_of_one_branch_are_said_to_be_left_out(int before)
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", before);
        sketch.Output(sketch.Chosen(stream, Width, "af", 3));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.LayerCount, Is.EqualTo(before));
        Assert.That(map.LeftOut.Single(), Does.StartWith("3 layers inside graph 'with_layers' of If node"));
    }

    [Test]
    public void A_head_without_attention_is_left_out_and_said_to_be()
    {
        var sketch = new LayerSketch();
        var trunk = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2);
        sketch.Output(sketch.Layers(sketch.Linear(trunk, Width, 4), 4, "f", 2));
        var map = ComponentMap.Find(sketch.Model);

        Assert.That(map.LayerCount, Is.EqualTo(2));
        Assert.That(map.LeftOut.Single(), Does.EndWith("it does not attend, and is computed from layers that do"));
    }

    [Test]
    public void Stacks_of_other_kinds_of_layers_after_each_other_are_named()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2);
        sketch.Output(sketch.Layers(sketch.Linear(stream, Width, Width), Width, "haf", 3));

        Assert.That(
            ComponentMap.Find(sketch.Model).Stacks.Select(stack => (stack.LayerCount, stack.IsMain)),
            Is.EqualTo(new[] { (2, false), (3, false) })
        );
    }

    [Test]
    public void A_map_names_stacks_as_it_is_written_and_read()
    {
        using var folder = new TemporaryFolder();
        var sketch = new LayerSketch();
        sketch.Output(sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2));
        sketch.Output(sketch.Layers(sketch.Features("pixel_values", Width), Width, "af", 2));
        var found = ComponentMap.Find(sketch.Model);
        ComponentMapFile.Write(folder.File("map.json"), sketch.Model, found);

        var overrides = ComponentMapFile.Read(folder.File("map.json"));
        var again = ComponentMap.Find(sketch.Model, new ComponentSearchOptions { Overrides = overrides });

        Assert.That(
            again.Components.Select(component => component.Address),
            Is.EqualTo(found.Components.Select(component => component.Address))
        );
        Assert.That(again.Stacks, Is.EqualTo(found.Stacks));
    }

    [TestCase(0, "text.3.block_output", "text", 3, "block_output")]
    [TestCase(3, "text.3.head_query_output", "text", 3, "head_query_output")]
    [TestCase(3, "text.block_output", "text", 3, "block_output")]
    [TestCase(3, "block_output", null, 3, "block_output")]
    [TestCase(3, "model.layers.3.mlp_output", null, 3, "model.layers.3.mlp_output")]
    [TestCase(3, "/encoder/Add_output_0", null, 3, "/encoder/Add_output_0")]
    [TestCase(3, ".block_output", null, 3, ".block_output")]
    [TestCase(3, "text.x.block_output", null, 3, "text.x.block_output")]
    public void A_name_may_have_a_stack_and_a_layer(int layer, string name, string? stack, int own, string component) =>
        Assert.That(
            ComponentAddress.Parse(layer, name),
            Is.EqualTo(new ComponentAddress(own, component) { Stack = stack })
        );

    [Test]
    public void A_name_with_another_layer_is_refused() =>
        Assert.That(
            () => ComponentAddress.Parse(2, "text.3.block_output"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("layer 3").And.Message.Contains("layer 2")
        );

    private static (string, int) Place(Component component) => (component.Source.Description, component.Width);
}
