using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Files;

/// <summary>Models that are allowed, or nearly so, but that no exporter of transformers writes.</summary>
public sealed class OddModelTests
{
    private static readonly TensorType s_scalar = new(ElementType.Float32, Shape.Of(Array.Empty<long>()));
    private static readonly TensorType s_states = new(ElementType.Float32, Shape.Of([3L, 1L, 2L]));

    [Test]
    public void A_model_whose_inputs_have_no_axes_runs()
    {
        var graph = new Graph();
        var x = graph.AddInput("x", s_scalar);
        var node = graph.AddNode("n", new OperatorKey("", "Neg"), [x], ["y"], []);
        node.Output.Type = s_scalar;
        graph.AddOutput(node.Output);
        var inputs = new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add("x", NumericArray.Of(new[] { 2f }))
        );

        using var file = new TemporaryFolder();
        using var model = IntervenableModel.Load(Saved(graph, file), IntervenableConfig.Empty);

        Assert.That((inputs.BatchSize, inputs.Length), Is.EqualTo((1, 1)));
        Assert.That(model.Run(inputs).Outputs["y"].Array.Floats.ToArray(), Is.EqualTo(new[] { -2f }));
    }

    [Test]
    public void A_model_without_outputs_is_refused_when_it_is_to_run()
    {
        var graph = new Graph();
        graph.AddNode("n", new OperatorKey("", "Neg"), [graph.AddInput("x", s_states)], ["y"], []);
        var inputs = new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add("x", NumericArray.Of(new float[6], 3, 1, 2))
        );

        using var file = new TemporaryFolder();
        using var model = IntervenableModel.Load(Saved(graph, file), IntervenableConfig.Empty);

        Assert.That(() => model.Run(inputs), Throws.TypeOf<ModelFormatException>().With.Message.Contains("no outputs"));
    }

    [Test]
    public void An_operator_of_another_domain_is_not_the_one_of_the_same_name()
    {
        var graph = new Graph();
        var node = graph.AddNode("n", new OperatorKey("com.example", "Softmax"), [], ["y"], []);
        graph.AddNode("g", new OperatorKey("com.example", "GRU"), [], ["z"], [NodeAttribute.Of("hidden_size", "many")]);
        graph.AddOutput(node.Output);
        using var file = new TemporaryFolder();

        var map = ComponentMap.Find(OnnxFile.Load(Saved(graph, file)));

        Assert.That(map.Components, Is.Empty);
    }

    [Test]
    public void A_recurrent_layer_that_outputs_its_last_state_alone_is_found()
    {
        var graph = new Graph();
        var weights = new[] { "w", "r" }.Select(name =>
            graph.AddInitializer(name, TensorData.FromFloats([1, 6, 2], new float[12]))
        );
        var node = graph.AddNode(
            "gru",
            new OperatorKey("", "GRU"),
            [graph.AddInput("x", s_states), .. weights],
            ["", "last"],
            [NodeAttribute.Of("hidden_size", 2L)]
        );
        graph.AddOutput(node.Outputs[1]!);
        using var file = new TemporaryFolder();

        var map = ComponentMap.Find(OnnxFile.Load(Saved(graph, file)));

        Assert.That(map.Components.Select(item => item.Address.Name), Is.EqualTo(new[] { "cell_output" }));
    }

    private static string Saved(Graph graph, TemporaryFolder folder)
    {
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add("", 17).Add("com.example", 1);
        OnnxFile.Save(new Model(graph, 8, sets), folder.File("model.onnx"));
        return folder.File("model.onnx");
    }
}
