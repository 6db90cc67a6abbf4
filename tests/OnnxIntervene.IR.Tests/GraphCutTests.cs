using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.IR.Tests;

/// <summary>Parts of a graph as models of their own.</summary>
public sealed class GraphCutTests
{
    private static readonly TensorType s_matrix = new(ElementType.Float32, Shape.Of(3, 3));

    [Test]
    public void A_part_up_to_an_output_has_only_what_the_output_needs()
    {
        var (model, values) = CutSamples.Residual();

        var part = GraphCut.To(model, [values["update"]]);

        Assert.That(Names(part.Graph.Inputs), Is.EqualTo("x"));
        Assert.That(Names(part.Graph.Outputs), Is.EqualTo("update"));
        Assert.That(Names(part.Graph.Initializers), Is.EqualTo("w"));
        Assert.That(part.Graph.Nodes.Select(node => node.Name), Is.EqualTo(new[] { "stream", "update" }));
    }

    [Test]
    public void A_part_behind_a_frontier_keeps_constants_inside_and_defaults_overridable()
    {
        var (model, values) = CutSamples.Residual();

        var part = Between(model, [values["stream"], values["update"]], [values["y"]]);

        Assert.That(Names(part.Graph.Inputs), Is.EqualTo("x scale stream update"));
        Assert.That(Names(part.Graph.Initializers), Is.EqualTo("scale w"));
        Assert.That(
            string.Join(' ', part.Graph.Nodes.Select(node => node.Name)),
            Is.EqualTo("turned constant scaled sum product more y")
        );
        Assert.That(part.Graph.FindValue("stream")!.Type, Is.EqualTo(s_matrix));
        Assert.That(part.Graph.FindValue("w")!.Initializer, Is.SameAs(values["w"].Initializer));
    }

    [Test]
    public void A_cut_leaves_the_model_as_it_was()
    {
        var (model, values) = CutSamples.Residual();
        var before = GraphPrinter.Print(model);

        Between(model, [values["stream"]], [values["y"]]);

        Assert.That(GraphPrinter.Print(model), Is.EqualTo(before));
    }

    [Test]
    public void All_outputs_and_no_frontier_give_the_whole_model_but_for_the_unused()
    {
        var (model, _) = CutSamples.Residual();

        Assert.That(GraphPrinter.Print(GraphCut.To(model, model.Graph.Outputs)), Is.EqualTo(GraphPrinter.Print(model)));
    }

    [Test]
    public void A_branch_reads_the_frontier_in_place_of_what_it_captured()
    {
        var model = SampleModels.WithBranches();
        var sum = model.Graph.FindValue("sum_out")!;

        var part = Between(model, [sum], [model.Graph.FindValue("choice_out")!]);

        var captured = part.Graph.Nodes.Single().Subgraphs.Select(branch => branch.Nodes.Single().Inputs[0]);
        Assert.That(captured, Has.All.SameAs(part.Graph.Inputs.Single()));
    }

    [Test]
    public void A_loop_keeps_what_it_captures_and_drops_the_rest()
    {
        var model = SampleModels.WithLoop();

        var part = GraphCut.To(model, [model.Graph.FindValue("loop_out")!]);

        Assert.That(part.Graph.Nodes.Select(node => node.Name), Is.EqualTo(new[] { "sum", "loop" }));
    }

    [Test]
    public void A_node_that_gives_more_than_the_frontier_stays_and_gives_the_rest()
    {
        var (model, values) = CutSamples.Residual();
        var split = model.Graph.AddNode("split", new("", "Split"), [values["x"]], ["top", "bottom"], []);
        var y = CutSamples.Node(model.Graph, "Add", "joined", split.Outputs[0]!, split.Outputs[1]!);

        var part = Between(model, [split.Outputs[0]!], [y]);

        var join = part.Graph.FindValue("joined")!.Producer!;
        Assert.That(join.Inputs[0], Is.SameAs(part.Graph.FindValue("top")).And.SameAs(part.Graph.Inputs[^1]));
        Assert.That(join.Inputs[1]!.Producer!.Outputs[0]!.Name, Is.EqualTo("intervene/top/cut"));
    }

    [Test]
    public void The_copies_tell_what_stands_in_the_part_for_each_value()
    {
        var (model, values) = CutSamples.Residual();

        var part = GraphCut.Between(model, [values["stream"]], [values["y"]], _ => s_matrix, out var copies);

        Assert.That(copies[values["stream"]], Is.SameAs(part.Graph.FindValue("stream")));
        Assert.That(copies[values["update"]], Is.SameAs(part.Graph.FindValue("update")));
        Assert.That(copies, Does.Not.ContainKey(values["z"]));
    }

    [Test]
    public void A_frontier_of_unknown_type_and_a_value_inside_a_branch_are_refused()
    {
        var (model, values) = CutSamples.Residual();
        var branching = SampleModels.WithBranches();
        var inner = branching.Graph.AllNodes().Single(node => node.Name == "then/node").Output;

        Assert.That(
            () => GraphCut.Between(model, [values["stream"]], [values["y"]]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("'stream'")
        );
        Assert.That(
            () => GraphCut.To(branching, [inner]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("'then_out'")
        );
        Assert.That(() => GraphCut.To(model, []), Throws.TypeOf<InterventionException>());
    }

    [Test]
    public void Functions_notes_and_operator_sets_go_into_the_part()
    {
        var model = SampleModels.WithFunction(10);
        model.Metadata = [KeyValuePair.Create("note", "kept")];

        var part = GraphCut.To(model, [model.Graph.FindValue("call0_out")!]);

        Assert.That(part.Functions, Has.Length.EqualTo(1));
        Assert.That(part.Metadata, Is.EqualTo(model.Metadata));
        Assert.That(part.OperatorSets, Is.EqualTo(model.OperatorSets));
        Assert.That(part.IrVersion, Is.EqualTo(10));
    }

    [Test]
    public void A_chain_of_ten_thousand_nodes_is_cut_in_the_middle()
    {
        var (model, values) = CutSamples.Residual();
        var value = values["y"];
        for (var index = 0; index < 10_000; index++)
            value = CutSamples.Node(model.Graph, "Neg", $"v{index}", value);
        var middle = model.Graph.FindValue("v4999")!;

        Assert.That(Between(model, [middle], [value]).Graph.NodeCount, Is.EqualTo(5_000));
    }

    private static Model Between(Model model, Value[] frontier, Value[] outputs) =>
        GraphCut.Between(model, frontier, outputs, _ => s_matrix, out _);

    private static string Names(IEnumerable<Value> values) => string.Join(' ', values.Select(value => value.Name));
}
