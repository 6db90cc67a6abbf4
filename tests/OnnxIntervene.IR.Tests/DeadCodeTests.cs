using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.IR.Tests;

/// <summary>Removing what nothing needs, and changing a graph's inputs and outputs.</summary>
public sealed class DeadCodeTests
{
    [Test]
    public void What_only_a_removed_output_needed_goes_and_inputs_stay()
    {
        var (model, values) = CutSamples.Residual();
        model.Graph.RemoveOutputs(values["y"]);

        var count = DeadCode.Remove(model.Graph);

        Assert.That(count, Is.EqualTo(9));
        Assert.That(model.Graph.Nodes.Single().Name, Is.EqualTo("z"));
        Assert.That(model.Graph.Initializers, Is.EqualTo(new[] { values["scale"] }), "a default goes with its input");
        Assert.That(model.Graph.Inputs, Has.Count.EqualTo(3));
        DeadCode.RemoveUnusedInputs(model.Graph);
        Assert.That(model.Graph.Inputs.Single(), Is.SameAs(values["other"]));
        Assert.That(model.Graph.Initializers, Is.Empty);
    }

    [Test]
    public void A_dead_branch_lets_go_of_what_it_captured()
    {
        var graph = SampleModels.WithBranches().Graph;
        graph.RemoveOutputs(graph.FindValue("choice_out")!);

        DeadCode.Remove(graph);

        Assert.That(graph.FindValue("sum_out")!.Uses.Single().Node.Name, Is.EqualTo("relu"));
    }

    [Test]
    public void A_dead_node_inside_a_branch_goes_too()
    {
        var graph = SampleModels.WithBranches().Graph;
        var branch = graph.FindValue("choice_out")!.Producer!.Subgraphs.First();
        branch.AddNode("idle", new("", "Neg"), [graph.FindValue("y")], ["idle_out"], []);

        DeadCode.Remove(graph);

        Assert.That(branch.Nodes.Single().Name, Is.EqualTo("then/node"));
    }

    [Test]
    public void An_optional_output_that_nobody_reads_is_left_out_and_a_needed_one_is_not()
    {
        var (model, values) = CutSamples.Residual();
        var graph = model.Graph;
        var dropout = graph.AddNode("dropout", new("", "Dropout"), [values["x"]], ["kept", "mask"], []);
        var split = graph.AddNode("split", new("", "Split"), [dropout.Output], ["top", "bottom"], []);
        graph.AddOutput(split.Output);

        DeadCode.Remove(graph);

        Assert.That(dropout.Outputs[1], Is.Null);
        Assert.That(split.Outputs[1], Is.Not.Null);
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
    }

    [Test]
    public void A_constant_becomes_an_input_with_or_without_a_default()
    {
        var (model, values) = CutSamples.Residual();
        var weight = values["w"];

        model.MakeOverridable(weight);
        Assert.That(model.Graph.Inputs[^1], Is.SameAs(weight));
        Assert.That(weight.IsConstant);

        model.Graph.MakeInput(weight);
        Assert.That(model.Graph.Inputs.Count(input => input == weight), Is.EqualTo(1));
        Assert.That(weight.IsConstant, Is.False);
        Assert.That(model.Graph.Initializers, Does.Not.Contain(weight));
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
        Assert.That(() => model.Graph.MakeInput(values["y"]), Throws.ArgumentException);
    }
}
