using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.IR.Tests;

/// <summary>Local functions written out where they are called compute the same bits.</summary>
public sealed class InliningTests
{
    private static readonly float[] s_input = [0.5f, 1, -1, 6, -7, 8];

    public static IEnumerable<TestCaseData> Models()
    {
        yield return new TestCaseData(SampleModels.WithFunction(8), 2).SetArgDisplayNames("attribute of the call");
        yield return new TestCaseData(SampleModels.WithFunction(10), 2).SetArgDisplayNames("IR 10");
        yield return new TestCaseData(Nested(17), 3).SetArgDisplayNames("function in a function, branches, defaults");
        yield return new TestCaseData(Inside(), 2).SetArgDisplayNames("calls in branches");
    }

    [TestCaseSource(nameof(Models))]
    public void Inlined_models_have_no_calls_and_compute_the_same(Model model, int outputs)
    {
        var inlined = FunctionInliner.Inline(model);

        Assert.That(inlined.Functions, Is.Empty);
        Assert.That(inlined.Graph.AllNodes().Where(node => node.Operator.Domain == "own"), Is.Empty);
        Assert.That(GraphVerifier.FindFaults(inlined), Is.Empty);
        Assert.That(
            inlined.Graph.Outputs.Select(output => output.Name),
            Is.EqualTo(model.Graph.Outputs.Select(output => output.Name))
        );
        Assert.That(model.Graph.Outputs, Has.Count.EqualTo(outputs));
        Assert.That(Run(inlined), Is.EqualTo(Run(model)));
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty, "the model itself is as it was");
    }

    [Test]
    public void Nodes_are_named_after_their_call()
    {
        var names = FunctionInliner.Inline(SampleModels.WithFunction(8)).Graph.Nodes.Select(node => node.Name);

        Assert.That(names, Is.SupersetOf(new[] { "call0/leaky", "call1/leaky" }));
    }

    [Test]
    public void A_function_of_another_operator_set_stays_one()
    {
        var model = Nested(16);

        var inlined = FunctionInliner.Inline(model);

        Assert.That(inlined.Functions.Select(function => function.Key.Name), Is.EqualTo(new[] { "Inner" }));
        Assert.That(inlined.Graph.Nodes.Count(node => node.Operator == new OperatorKey("own", "Inner")), Is.EqualTo(2));
        Assert.That(GraphVerifier.FindFaults(inlined), Is.Empty);
        Assert.That(Run(inlined), Is.EqualTo(Run(model)));
    }

    // ONNX Runtime itself does not take such a function.
    [Test]
    public void A_function_that_hands_its_input_back_is_inlined_too() =>
        Assert.That(Run(FunctionInliner.Inline(Nested(17, handsBack: true))), Is.EqualTo(Run(Nested(17))));

    [Test]
    public void Functions_in_a_circle_are_refused()
    {
        var model = Calling([("A", "B"), ("B", "A")]);

        Assert.That(
            () => FunctionInliner.Inline(model),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("calls itself")
        );
    }

    [Test]
    public void Functions_that_grow_without_measure_are_refused()
    {
        // Each calls the next one twice: two to the thirtieth in all.
        var model = Calling([
            .. Enumerable.Range(0, 30).SelectMany(level => Enumerable.Repeat(($"F{level}", $"F{level + 1}"), 2)),
        ]);

        Assert.That(
            () => FunctionInliner.Inline(model),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("more than")
        );
    }

    // Outer(x) = (Inner(x) + x, x); Inner chooses in branches that read the function's own input.
    private static Model Nested(long innerOperatorSet, bool handsBack = false)
    {
        var model = SampleModels.Simple(10, 17);
        model.OperatorSets = model.OperatorSets.Add("own", 1);
        model.Functions =
        [
            new LocalFunction(new("own", "Inner"), InnerBody())
            {
                DefaultAttributes = [NodeAttribute.Of("slope", 0.25f)],
                OperatorSets = Sets(innerOperatorSet),
            },
            new LocalFunction(new("own", "Outer"), OuterBody(handsBack)) { OperatorSets = Sets(17).Add("own", 1) },
        ];
        var value = model.Graph.FindValue("sum_out")!;
        for (var call = 0; call < 2; call++)
        {
            var node = model.Graph.AddNode(
                $"call{call}",
                new("own", "Outer"),
                [value],
                [$"call{call}_out", $"call{call}_same"],
                []
            );
            (node.Outputs[0]!.Type, node.Outputs[1]!.Type) = (model.Graph.Inputs[0].Type, model.Graph.Inputs[0].Type);
            model.Graph.AddOutput(node.Outputs[call]!);
            value = node.Outputs[0]!;
        }

        return model;
    }

    private static Graph InnerBody()
    {
        var inner = new Graph("Inner");
        var x = inner.AddInput("x");
        var isOn = inner
            .AddNode(
                "is_on",
                new("", "Constant"),
                [],
                ["on"],
                [NodeAttribute.Of("value", TensorData.FromBytes(ElementType.Bool, [], new byte[] { 1 }))]
            )
            .Output;
        NodeAttribute[] branches =
        [
            NodeAttribute.Of("then_branch", Branch("then", x, "Neg")),
            NodeAttribute.Of("else_branch", Branch("else", x, "Abs")),
        ];
        var chosen = inner.AddNode("choose", new("", "If"), [isOn], ["chosen"], branches).Output;
        var slope = NodeAttribute.Create("alpha", AttributeKind.Float, null, "slope", default);
        inner.AddOutput(inner.AddNode("leak", new("", "LeakyRelu"), [chosen], ["leaked"], [slope]).Output);
        return inner;
    }

    private static Graph OuterBody(bool handsBack)
    {
        var outer = new Graph("Outer");
        var given = outer.AddInput("x");
        var called = outer.AddNode("inside", new("own", "Inner"), [given], ["called"], []).Output;
        outer.AddOutput(outer.AddNode("sum", new("", "Add"), [called, given], ["sum"], []).Output);
        outer.AddOutput(handsBack ? given : outer.AddNode("same", new("", "Identity"), [given], ["same"], []).Output);
        return outer;
    }

    // Branches that call a function.
    private static Model Inside()
    {
        var model = SampleModels.WithBranches();
        var body = new Graph("Twice");
        var x = body.AddInput("x");
        body.AddOutput(body.AddNode("sum", new("", "Add"), [x, x], ["sum"], []).Output);
        model.OperatorSets = model.OperatorSets.Add("own", 1);
        model.Functions = [new LocalFunction(new("own", "Twice"), body) { OperatorSets = Sets(16) }];
        foreach (var branch in model.Graph.Nodes.SelectMany(node => node.Subgraphs))
        {
            var old = branch.Outputs[0];
            var call = branch.AddNode($"{branch.Name}/call", new("own", "Twice"), [old], [$"{branch.Name}_twice"], []);
            branch.Redirect(old, call.Output, NameScope.Of(model), call);
        }

        return model;
    }

    private static Model Calling((string From, string To)[] calls)
    {
        var model = SampleModels.Simple(10, 17);
        model.OperatorSets = model.OperatorSets.Add("own", 1);
        model.Functions =
        [
            .. calls
                .GroupBy(call => call.From)
                .Select(group =>
                {
                    var body = new Graph(group.Key);
                    var value = body.AddInput("x");
                    foreach (var (_, to) in group)
                        value = body.AddNode("", new("own", to), [value], [$"v{body.NodeCount}"], []).Output;
                    body.AddOutput(value);
                    return new LocalFunction(new("own", group.Key), body) { OperatorSets = Sets(17).Add("own", 1) };
                }),
        ];
        model.Graph.AddNode("start", new("own", calls[0].From), [model.Graph.Inputs[0]], ["started"], []);
        return model;
    }

    private static Graph Branch(string name, Value captured, string operatorType)
    {
        var branch = new Graph(name);
        branch.AddOutput(branch.AddNode($"{name}/node", new("", operatorType), [captured], [$"{name}_out"], []).Output);
        return branch;
    }

    private static ImmutableSortedDictionary<string, long> Sets(long version) =>
        ImmutableSortedDictionary<string, long>.Empty.Add("", version);

    private static float[] Run(Model model)
    {
        using var session = new InferenceSession(OnnxFile.Reference(model).Bytes.ToArray());
        using var x = OrtValue.CreateTensorValueFromMemory(s_input, [2, 3]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x"], [x], session.OutputNames);
        return [.. results.SelectMany(result => result.GetTensorDataAsSpan<float>().ToArray())];
    }
}
