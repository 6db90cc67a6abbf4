using System.Collections.Immutable;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.IR.Tests;

/// <summary>Choosing positions before the product with the vocabulary's matrix.</summary>
public sealed class ChosenPositionsTests
{
    private static readonly Dimension s_batch = Dimension.Named("batch");

    [Test]
    public void The_choice_stands_before_the_projection_and_the_element_wise_nodes_behind_it()
    {
        var (model, hidden) = Start(17);
        var capped = Node(model, "Tanh", Node(model, "Div", Project(model, hidden), Row(model, "cap", [1], 30)));
        var logits = Output(model, Node(model, "Mul", capped, model.Graph.FindValue("cap")!));

        var positions = ChosenPositions.Gather(model, logits);

        var product = model.Graph.Nodes.Single(node => node.Operator.OperatorType == "MatMul");
        Assert.That(product.Inputs[0]!.Producer!.Operator.OperatorType, Is.EqualTo("GatherND"));
        Assert.That(positions.Type!.ToString(), Is.EqualTo("Int64[batch, chosen_positions]"));
        Assert.That(logits.Type!.ToString(), Is.EqualTo("Float32[batch, chosen_positions, 5]"));
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
    }

    [Test]
    public void A_product_of_flattened_rows_is_given_back_its_axes()
    {
        var (model, hidden) = Start(17);
        var flat = Node(model, "Reshape", hidden, Sizes(model, "flat", -1, 4));
        var gemm = Node(model, "Gemm", flat, Weight(model), Row(model, "bias", [5], 1, 2, 3, 4, 5));
        var logits = Output(model, Node(model, "Reshape", gemm, Sizes(model, "whole", 2, 3, 5)));

        ChosenPositions.Gather(model, logits);

        Assert.That(flat.Producer!.Inputs[0]!.Producer!.Operator.OperatorType, Is.EqualTo("GatherND"));
        Assert.That(logits.Producer!.Inputs[1]!.Producer!.Operator.OperatorType, Is.EqualTo("Concat"));
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
    }

    [Test]
    public void An_old_operator_set_chooses_the_same_positions_for_all_examples()
    {
        var (model, hidden) = Start(11);
        var logits = Output(model, Project(model, hidden));

        var positions = ChosenPositions.Gather(model, logits);

        Assert.That(positions.Type!.Shape!.Rank, Is.EqualTo(1));
        Assert.That(logits.Producer!.Inputs[0]!.Producer!.Operator.OperatorType, Is.EqualTo("Gather"));
    }

    [Test]
    public void Another_reader_of_the_hidden_state_still_reads_all_of_it()
    {
        var (model, hidden) = Start(17);
        var logits = Output(model, Project(model, hidden));
        model.Graph.AddOutput(hidden);

        ChosenPositions.Gather(model, logits);

        Assert.That(model.Graph.Outputs, Does.Contain(hidden));
        Assert.That(logits.Producer!.Inputs[0], Is.Not.SameAs(hidden));
    }

    [Test]
    public void A_value_on_the_way_that_somebody_else_reads_is_an_obstacle()
    {
        var (model, hidden) = Start(17);
        var raw = Project(model, hidden);
        var logits = Output(model, Node(model, "Tanh", raw));
        model.Graph.AddOutput(raw);
        var before = GraphPrinter.Print(model);

        Assert.That(ChosenPositions.FindObstacle(model, logits), Does.Contain("is also read by the caller"));
        Assert.That(() => ChosenPositions.Gather(model, logits), Throws.TypeOf<InterventionException>());
        Assert.That(GraphPrinter.Print(model), Is.EqualTo(before));
    }

    [Test]
    public void A_node_that_mixes_positions_or_adds_something_of_its_own_to_each_is_an_obstacle()
    {
        var (mixing, mixed) = Start(17);
        var turned = Output(mixing, Node(mixing, "CumSum", Project(mixing, mixed), Sizes(mixing, "axis", 1)));
        var (adding, added) = Start(17);
        var each = Row(adding, "each", [3, 1], 1, 2, 3);
        var shifted = Output(adding, Node(adding, "Add", Project(adding, added), each));
        var (plain, unprojected) = Start(17);
        var state = Output(plain, Node(plain, "Tanh", unprojected));

        Assert.That(ChosenPositions.FindObstacle(mixing, turned), Does.Contain("CumSum"));
        Assert.That(ChosenPositions.FindObstacle(adding, shifted), Does.Contain("Add"));
        Assert.That(ChosenPositions.FindObstacle(plain, state), Does.Contain("no multiplication"));
    }

    private static (Model Model, Value Hidden) Start(int operatorSet)
    {
        var graph = new Graph("logits");
        var x = graph.AddInput(
            "x",
            new TensorType(ElementType.Float32, Shape.Of(s_batch, Dimension.Named("p"), new(4)))
        );
        var model = new Model(graph, 8, ImmutableSortedDictionary<string, long>.Empty.Add("", operatorSet));
        return (model, x);
    }

    private static Value Node(Model model, string operatorType, params Value[] inputs) =>
        CutSamples.Node(model.Graph, operatorType, $"{operatorType}{model.Graph.NodeCount}", inputs);

    private static Value Project(Model model, Value hidden) => Node(model, "MatMul", hidden, Weight(model));

    private static Value Weight(Model model) =>
        model.Graph.AddInitializer("vocabulary", TensorData.FromFloats([4, 5], new float[20]));

    private static Value Row(Model model, string name, long[] sizes, params float[] numbers) =>
        model.Graph.AddInitializer(name, TensorData.FromFloats(sizes, numbers));

    private static Value Sizes(Model model, string name, params long[] sizes) =>
        model.Graph.AddInitializer(name, TensorData.FromIntegers([sizes.Length], sizes));

    private static Value Output(Model model, Value logits)
    {
        logits.Type = new TensorType(ElementType.Float32, Shape.Of(s_batch, Dimension.Named("p"), new(5)));
        model.Graph.AddOutput(logits);
        return logits;
    }
}
