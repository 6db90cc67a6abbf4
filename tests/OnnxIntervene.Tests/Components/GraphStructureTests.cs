using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Inspection;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>What a graph shows to a user who writes a map.</summary>
public sealed class GraphStructureTests
{
    [Test]
    public void The_layers_that_are_recognised_are_shown_with_their_stream()
    {
        var model = Load("families/gpt2/optimum/model.onnx");
        var map = ComponentMap.Find(model);

        var structure = GraphStructure.Describe(model, map);

        Assert.That(structure.Layers.Select(layer => layer.Layer), Is.EqualTo(new[] { 0, 1, 2, 3 }));
        Assert.That(
            structure.Layers[1].Parts.Select(part => part.Kind),
            Is.EqualTo(new[] { "attention", "feed-forward" })
        );
        Assert.That(structure.Layers[1].Parts[1].LinearLayers, Is.EqualTo(new[] { "32 → 128", "128 → 32" }));
        Assert.That(structure.Layers[1].Parts[1].Result, Is.EqualTo(map.Get(1, "block_output").Source.Description));
        Assert.That(structure.NotFound, Is.Empty);
    }

    [Test]
    public void Both_stacks_of_a_pair_are_shown_and_one_gives_the_components()
    {
        var model = Load("families/blip/torchscript/model.onnx");

        var layers = GraphStructure.Describe(model, ComponentMap.Find(model)).Layers;

        Assert.That(layers.Select(layer => layer.Stack).Distinct().Count(), Is.EqualTo(2));
        Assert.That(
            layers.Where(layer => layer.IsMain).SelectMany(layer => layer.Parts).Select(part => part.Kind),
            Does.Contain("cross-attention")
        );
    }

    [TestCase("block_input")]
    [TestCase("block_output")]
    [TestCase("mlp_output")]
    [TestCase("attention_output")]
    [TestCase("attention_weight")]
    [TestCase("attention_input")]
    [TestCase("mlp_activation")]
    [TestCase("mlp_input")]
    [TestCase("attention_value_output")]
    [TestCase("query_output")]
    public void The_nearest_candidates_hold_the_tensor_that_is_right(string component)
    {
        var model = Load("families/gpt2/optimum/model.onnx");
        var found = ComponentMap.Find(model);
        var right = found.Get(2, component).Source.Description;
        var without = new ComponentMap(
            model,
            null,
            found.Stacks,
            found.Components.Where(item => item.Address != new ComponentAddress(2, component)),
            [new(new ComponentAddress(2, component), "hidden by the test")]
        );

        var missing = GraphStructure.Describe(model, without).NotFound.Single();

        Assert.That(missing.Candidates.Select(candidate => candidate.Tensor), Does.Contain(right));
        Assert.That(missing.Candidates.Length, Is.LessThanOrEqualTo(5));
        Assert.That(missing.Candidates.Select(candidate => candidate.Why), Has.None.Empty);
    }

    [Test]
    public void A_graph_that_is_not_recognised_shows_what_it_repeats()
    {
        var model = Load("ort_training/forward.onnx");
        var map = ComponentMap.Find(model);

        var structure = GraphStructure.Describe(model, map);

        Assert.That(map.LayerCount, Is.Zero);
        Assert.That(structure.Pattern!.Operators, Is.EqualTo(new[] { "Gemm", "Relu" }));
        Assert.That(structure.Pattern.Ends, Is.EqualTo(new[] { "/Relu_output_0", "/Relu_1_output_0" }));
        Assert.That(
            structure.Landmarks.Select(landmark => landmark.Why),
            Does.Contain("output of a linear layer 16 → 16")
        );
        Assert.That(
            structure
                .NotFound.Single(missing => missing.Address == new ComponentAddress(1, "block_output"))
                .Candidates[0]
                .Tensor,
            Is.EqualTo("/Relu_1_output_0")
        );
    }

    [Test]
    public void A_map_for_an_unrecognised_graph_can_be_filled_in_and_used()
    {
        using var folder = new TemporaryFolder();
        var model = Load("ort_training/forward.onnx");
        ComponentMapFile.Write(folder.File("map.json"), model, ComponentMap.Find(model));
        var text = File.ReadAllText(folder.File("map.json"));
        const string Empty = "\"layer\":1,\"component\":\"block_output\",\"tensor\":null";

        Assert.That(ComponentMapFile.Parse(text).Entries, Is.Empty);
        Assert.That(text, Does.Contain(Empty));
        var filled = ComponentMapFile.Parse(
            text.Replace(
                Empty,
                Empty.Replace("null", "\"/Relu_1_output_0\"", StringComparison.Ordinal),
                StringComparison.Ordinal
            )
        );
        Assert.That(
            ComponentMap.Find(model, new ComponentSearchOptions { Overrides = filled }).Get(1, "block_output").Width,
            Is.EqualTo(16)
        );
    }

    private static Model Load(string path) => OnnxFile.Load(Path.Combine(RepositoryPaths.OwnReferences, path));
}
