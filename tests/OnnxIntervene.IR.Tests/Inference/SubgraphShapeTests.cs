namespace OnnxIntervene.IR.Tests.Inference;

/// <summary>What branches and bodies of loops output, and the values inside them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SubgraphShapeTests
{
    private readonly OperatorSketch _sketch = new();

    private Graph Main => _sketch.Model.Graph;

    [Test]
    public void What_both_branches_give_is_known()
    {
        var choice = Choice(_sketch.Input(ElementType.Bool), 3, 5);

        Assert.That(_sketch.Bound().TextOf(choice), Is.EqualTo("[2, ?]"));
        Assert.That(_sketch.Bound().ElementTypeOf(choice), Is.EqualTo(ElementType.Float32));
        Assert.That(_sketch.Bound().BranchOf(choice.Producer!), Is.EqualTo(-1));
    }

    [Test]
    public void A_known_condition_chooses_its_branch()
    {
        var choice = Choice(Main.AddInitializer("no", TensorData.FromBytes(ElementType.Bool, [], new byte[1])), 3, 5);

        Assert.That(_sketch.Bound().TextOf(choice), Is.EqualTo("[2, 5]"));
        Assert.That(_sketch.Bound().BranchOf(choice.Producer!), Is.EqualTo(1));
    }

    [Test]
    public void A_loop_keeps_the_sizes_that_no_step_changes()
    {
        var (loop, inside) = Loop(_sketch.Ops.Scalar(4));
        var inference = _sketch.Bound();

        Assert.That(inference.TextOf(loop.Outputs[0]!), Is.EqualTo("[2, ?]"), "a state that grows");
        Assert.That(inference.TextOf(loop.Outputs[1]!), Is.EqualTo("[4, 2, 3]"), "what each step gives");
        Assert.That(inference.StepsOf(loop), Is.EqualTo(4));
        Assert.That(_sketch.Bound().TextOf(inside), Is.EqualTo("[2, ?]"), "asked for by itself");
        Assert.That(_sketch.Bound().ElementTypeOf(inside), Is.EqualTo(ElementType.Float32));
        Assert.That(_sketch.Run([loop.Outputs[0]!, loop.Outputs[1]!])[1].Sizes, Is.EqualTo(new[] { 4, 2, 3 }));
    }

    [Test]
    public void How_often_a_loop_runs_may_be_known_at_run_time_only()
    {
        var (loop, _) = Loop(_sketch.Input(ElementType.Int64));

        Assert.That(_sketch.Bound().StepsOf(loop), Is.Null);
        Assert.That(_sketch.Bound().TextOf(loop.Outputs[1]!), Is.EqualTo("[?, 2, 3]"));
    }

    [Test]
    public void A_scan_takes_a_step_for_each_entry()
    {
        var body = new Graph("body");
        var (state, entry) = (body.AddInput("state"), body.AddInput("entry"));
        var sum = body.AddNode("sum", new("", "Add"), [state, entry], ["next"], []).Output;
        body.AddOutput(sum);
        body.AddOutput(body.AddNode("seen", new("", "Identity"), [sum], ["seen_out"], []).Output);
        NodeAttribute[] attributes = [NodeAttribute.Of("body", body), NodeAttribute.Of("num_scan_inputs", 1L)];
        var scan = _sketch.Many("Scan", [_sketch.Floats(2, 3), _sketch.Floats(5, 2, 3)], 2, attributes);
        var inference = _sketch.Bound();

        Assert.That(scan.Select(inference.TextOf), Is.EqualTo(new[] { "[2, 3]", "[5, 2, 3]" }));
        Assert.That(inference.TextOf(entry), Is.EqualTo("[2, 3]"));
        Assert.That(inference.ElementTypeOf(sum), Is.EqualTo(ElementType.Float32));
        Assert.That(inference.StepsOf(scan[0].Producer!), Is.EqualTo(5));
    }

    private Value Choice(Value condition, long first, long second)
    {
        NodeAttribute[] branches =
        [
            NodeAttribute.Of("then_branch", Branch("then", first)),
            NodeAttribute.Of("else_branch", Branch("else", second)),
        ];
        return _sketch.Ops.Emit("If", [condition], branches);
    }

    private static Graph Branch(string name, long width)
    {
        var graph = new Graph(name);
        var weight = graph.AddInitializer($"{name}_weight", TensorData.FromFloats([2, width], new float[2 * width]));
        graph.AddOutput(graph.AddNode($"{name}_out", new("", "Neg"), [weight], [$"{name}_result"], []).Output);
        return graph;
    }

    // Each step appends the input to the state, and outputs the input too.
    private (Node Loop, Value Inside) Loop(Value count)
    {
        var captured = _sketch.Floats(2, 3);
        var body = new Graph("body");
        body.AddInput("index", new TensorType(ElementType.Int64, new Shape([])));
        var more = body.AddInput("more", new TensorType(ElementType.Bool, new Shape([])));
        var state = body.AddInput("state");
        var longer = body.AddNode(
            "grow",
            new("", "Concat"),
            [state, captured],
            ["grown"],
            [NodeAttribute.Of("axis", 1L)]
        ).Output;
        body.AddOutput(body.AddNode("still", new("", "Identity"), [more], ["more_out"], []).Output);
        body.AddOutput(longer);
        body.AddOutput(body.AddNode("copy", new("", "Identity"), [captured], ["copied"], []).Output);
        var loop = _sketch.Many("Loop", [count, null, _sketch.Floats(2, 1)], 2, NodeAttribute.Of("body", body));
        return (loop[0].Producer!, longer);
    }
}
