using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.IR.Tests;

/// <summary>Changing a graph by object.</summary>
public sealed class EditingTests
{
    [Test]
    public void Redirecting_moves_every_read_but_its_own()
    {
        var model = SampleModels.Simple(8, 17);
        var names = NameScope.Of(model);
        var sum = model.Graph.FindValue("sum_out")!;
        var doubled = new OpBuilder(model.Graph, names, 17, "test").Add(sum, sum);

        model.Graph.Redirect(sum, doubled, names, doubled.Producer!);

        Assert.That(model.Graph.FindValue("y")!.Producer!.Inputs[0], Is.SameAs(doubled));
        Assert.That(doubled.Producer!.Inputs[0], Is.SameAs(sum));
    }

    [Test]
    public void A_capture_in_a_branch_is_a_read_too()
    {
        var model = SampleModels.WithBranches();
        var names = NameScope.Of(model);
        var sum = model.Graph.FindValue("sum_out")!;
        var negative = new OpBuilder(model.Graph, names, 16, "test").Mul(sum, sum);

        model.Graph.Redirect(sum, negative, names, negative.Producer!);

        var captures = model
            .Graph.Nodes.Single(node => node.Operator.OperatorType == "If")
            .Subgraphs.SelectMany(branch => branch.Nodes)
            .Select(node => node.Inputs[0]);
        Assert.That(captures, Has.All.SameAs(negative));
        GraphOrder.Sort(model.Graph);
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
    }

    [Test]
    public void A_graph_output_keeps_its_name_on_what_replaces_it()
    {
        var model = SampleModels.Simple(8, 17);
        var names = NameScope.Of(model);
        var y = model.Graph.FindValue("y")!;
        var more = new OpBuilder(model.Graph, names, 17, "test").Add(y, y);

        model.Graph.Redirect(y, more, names, more.Producer!);

        Assert.That(model.Graph.Outputs[0], Is.SameAs(more));
        Assert.That(more.Name, Is.EqualTo("y"));
        Assert.That(y.Name, Does.StartWith(NameScope.Prefix));
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
    }

    [Test]
    public void A_node_whose_output_is_read_cannot_go()
    {
        var graph = SampleModels.Simple(8, 17).Graph;

        Assert.That(
            () => graph.Remove(graph.Nodes.First()),
            Throws.InvalidOperationException.With.Message.Contains("sum_out")
        );
    }

    [Test]
    public void Nodes_may_be_added_and_removed_while_they_are_walked()
    {
        var graph = new Graph();
        var x = graph.AddInput("x");
        for (var index = 0; index < 3; index++)
            graph.AddNode($"n{index}", new("", "Neg"), [x], [$"v{index}"], []);
        var seen = new List<string>();

        foreach (var node in graph.Nodes)
        {
            seen.Add(node.Name);
            if (node.Name == "n0")
                graph.AddNode("added", new("", "Abs"), [x], ["w"], [], after: node);
            if (node.Name == "n1")
                graph.Remove(node);
        }

        Assert.That(string.Join(' ', seen), Is.EqualTo("n0 added n1 n2"));
        Assert.That(string.Join(' ', graph.Nodes.Select(node => node.Name)), Is.EqualTo("n0 added n2"));
    }

    [Test]
    public void Sorting_moves_only_what_stands_before_its_input()
    {
        var graph = new Graph();
        var x = graph.AddInput("x");
        var late = graph.AddNode("late", new("", "Neg"), [x], ["a"], []);
        graph.AddNode("free", new("", "Abs"), [x], ["b"], []);
        var early = graph.AddNode("early", new("", "Neg"), [x], ["c"], []);
        late.SetInput(0, early.Output);

        GraphOrder.Sort(graph);

        Assert.That(string.Join(' ', graph.Nodes.Select(node => node.Name)), Is.EqualTo("early late free"));
    }

    [Test]
    public void A_circle_cannot_be_sorted()
    {
        var graph = new Graph();
        var first = graph.AddNode("first", new("", "Neg"), [null], ["a"], []);
        var second = graph.AddNode("second", new("", "Neg"), [first.Output], ["b"], []);
        first.SetInput(0, second.Output);

        Assert.That(() => GraphOrder.Sort(graph), Throws.TypeOf<InvalidGraphException>());
    }

    [Test]
    public void The_verifier_lists_every_fault_at_once()
    {
        var model = SampleModels.Simple(8, 17);
        model.IrVersion = 99;
        var stranger = new Graph().AddInput("stranger");
        model.Graph.AddNode("sum", new("odd", "Op"), [stranger], ["y"], []);

        var faults = string.Join('\n', GraphVerifier.FindFaults(model));

        Assert.That(
            faults,
            Does.Contain("IR version is 99").And.Contain("two nodes are named 'sum'").And.Contain("is not imported")
        );
        Assert.That(faults, Does.Contain("'stranger'").And.Contain("'y' occurs twice"));
    }

    [Test]
    public void A_copy_can_be_changed_and_leaves_the_original_as_it_was()
    {
        var model = SampleModels.WithBranches();
        var before = GraphPrinter.Print(model);
        var copy = model.Copy();
        var names = NameScope.Of(copy);

        var y = copy.Graph.FindValue("y")!;
        copy.Graph.Redirect(y, new OpBuilder(copy.Graph, names, 16, "test").Identity(y), names);

        Assert.That(GraphPrinter.Print(model), Is.EqualTo(before));
        Assert.That(GraphPrinter.Print(copy), Is.Not.EqualTo(before));
    }

    [Test]
    public void A_name_is_given_out_once_and_never_one_of_the_files()
    {
        var names = NameScope.Of(SampleModels.WithBranches());

        Assert.That(names.Unique("then_out"), Is.EqualTo("intervene/then_out"));
        Assert.That(names.Unique("then_out"), Is.EqualTo("intervene/then_out_2"));
    }

    [TestCase(11, 1)]
    [TestCase(13, 2)]
    public void An_operator_is_written_as_its_operator_set_wants_it(int operatorSet, int inputs)
    {
        var model = SampleModels.Simple(8, operatorSet);

        var value = new OpBuilder(model.Graph, NameScope.Of(model), operatorSet, "test").Unsqueeze(
            model.Graph.Inputs[0],
            0
        );

        Assert.That(value.Producer!.Inputs, Has.Count.EqualTo(inputs));
    }

    [Test]
    public void The_text_of_a_model_shows_its_wiring()
    {
        const string Expected = """
            model ir 8
            opset '' 17
            graph 'simple'
              input 'x' Float32[2, 3]
              initializer 'w' Float32[2, 3]
              'sum_out' = Add('x', 'w') "sum"
              'y' Float32[2, 3] = Relu('sum_out') "relu"
              output 'y' Float32[2, 3]

            """;

        Assert.That(GraphPrinter.Print(SampleModels.Simple(8, 17)), Is.EqualTo(Expected));
    }

    [Test]
    public void An_invalid_model_and_a_cancelled_save_leave_no_file()
    {
        using var folder = new TemporaryFolder();
        var model = SampleModels.Simple(8, 17);

        Assert.That(
            () => OnnxFile.Save(model, folder.File("a.onnx"), new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>()
        );
        model.IrVersion = 99;
        Assert.That(() => OnnxFile.Save(model, folder.File("a.onnx")), Throws.TypeOf<InvalidGraphException>());

        Assert.That(Directory.GetFiles(folder.Path), Is.Empty);
    }

    [Test]
    public void A_model_can_be_saved_over_its_own_file()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("model.onnx");
        File.Copy(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), path);
        var model = OnnxFile.Load(path);
        var text = GraphPrinter.Print(model);

        OnnxFile.Save(model, path);

        Assert.That(GraphPrinter.Print(OnnxFile.Load(path)), Is.EqualTo(text));
    }
}
