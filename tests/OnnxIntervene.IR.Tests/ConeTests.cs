using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.IR.Tests;

/// <summary>What given values reach, what they need, and what crosses between.</summary>
public sealed class ConeTests
{
    [Test]
    public void What_comes_after_a_value_is_all_that_reads_it_and_no_more()
    {
        var graph = new Graph();
        var x = graph.AddInput("x");
        var left = graph.AddNode("left", new("", "Neg"), [x], ["a"], []);
        var right = graph.AddNode("right", new("", "Abs"), [x], ["b"], []);
        var join = graph.AddNode("join", new("", "Add"), [left.Output, right.Output], ["c"], []);

        Assert.That(Cone.After(graph, left.Output).Nodes, Is.EquivalentTo(new[] { join }));
        Assert.That(Cone.After(graph, x).Nodes, Is.EquivalentTo(new[] { left, right, join }));
        Assert.That(Cone.Before([left.Output]).Nodes, Is.EquivalentTo(new[] { left }));
    }

    [Test]
    public void A_branch_that_captures_a_value_comes_after_it_and_so_does_the_node_that_holds_the_branch()
    {
        var graph = SampleModels.WithBranches().Graph;

        var after = Cone.After(graph, graph.FindValue("sum_out")!);

        Assert.That(after.Nodes.Select(node => node.Name), Does.Contain("then/node").And.Contain("choice"));
        Assert.That(after.Values, Does.Contain(graph.FindValue("choice_out")));
    }

    [Test]
    public void A_branch_that_returns_a_captured_value_as_it_is_comes_after_it()
    {
        var graph = SampleModels.WithBranches().Graph;
        var choice = graph.FindValue("choice_out")!.Producer!;
        var (sum, branch) = (graph.FindValue("sum_out")!, choice.Subgraphs.First());
        branch.SetOutputs([sum]);

        Assert.That(Cone.Before([choice.Output]).Values, Does.Contain(sum));
        choice.Subgraphs.Last().SetOutputs([sum]);
        Assert.That(Cone.After(graph, sum).Nodes, Does.Contain(choice));
    }

    [Test]
    public void A_loop_that_captures_a_value_needs_it_and_changes_what_its_next_round_is_given()
    {
        var graph = SampleModels.WithLoop().Graph;
        var (sum, loop) = (graph.FindValue("sum_out")!, graph.FindValue("loop_out")!);

        Assert.That(Cone.Before([loop]).Values, Does.Contain(sum).And.Contain(graph.FindValue("x")));
        Assert.That(
            Cone.After(graph, sum).Values.Select(value => value.Name),
            Does.Contain("loop_out").And.Contain("state").And.Contain("state_out")
        );
    }

    [Test]
    public void What_is_given_at_a_cut_is_met_but_not_walked_through()
    {
        var graph = SampleModels.Simple(8, 17).Graph;
        var sum = graph.FindValue("sum_out")!;

        var before = Cone.Before(graph.Outputs, new HashSet<Value> { sum });

        Assert.That(before.Nodes.Select(node => node.Name), Is.EqualTo(new[] { "relu" }));
        Assert.That(before.Values, Does.Contain(sum).And.Not.Contain(graph.FindValue("x")));
    }

    [Test]
    public void A_chain_of_ten_thousand_nodes_is_walked_both_ways()
    {
        var graph = new Graph();
        var x = graph.AddInput("x");
        var value = x;
        for (var index = 0; index < 10_000; index++)
            value = graph.AddNode($"n{index}", new("", "Neg"), [value], [$"v{index}"], []).Output;

        Assert.That(Cone.After(graph, x).Nodes, Has.Count.EqualTo(10_000));
        Assert.That(Cone.Before([value]).Nodes, Has.Count.EqualTo(10_000));
    }

    [Test]
    public void The_frontier_holds_the_change_and_what_passes_it_by_but_no_inputs_and_no_constants()
    {
        var (model, values) = CutSamples.Residual();

        var frontier = Frontier.Of(model, [values["update"]], [values["y"]]);

        Assert.That(frontier, Is.EqualTo(new[] { values["stream"], values["update"] }));
    }

    [Test]
    public void A_changed_value_that_another_change_reaches_is_computed_again()
    {
        var (model, values) = CutSamples.Residual();

        var frontier = Frontier.Of(model, [values["update"], values["stream"]], [values["y"]]);

        Assert.That(frontier, Is.EqualTo(new[] { values["stream"] }));
    }

    [Test]
    public void Drawn_numbers_cross_since_a_second_draw_would_differ()
    {
        var (model, values) = CutSamples.Residual();
        var drawn = model.Graph.AddNode("draw", new("", "RandomNormal"), [], ["drawn"], []).Output;
        var noisy = model.Graph.AddNode("noisy", new("", "Add"), [values["update"], drawn], ["noisy_out"], []).Output;

        Assert.That(Frontier.Of(model, [values["update"]], [noisy]), Does.Contain(drawn));
    }
}
