using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Files;

/// <summary>Tensors that only one branch of an If has: right where the run takes the branch, else refused.</summary>
public sealed class OneBranchTests
{
    private const int Wide = 16;
    private static readonly TensorType s_type = ModelSketch.Type(ElementType.Float32, -1, 4, 5);

    [Test]
    public void A_tensor_of_the_branch_that_runs_is_read()
    {
        using var model = Load("doubled", InterventionType.Collect);
        var inputs = Inputs(Wide, 1, 2);

        var collected = model.Run(inputs).Collected[0];

        Assert.That(collected.Shape, Is.EqualTo(new[] { 2, 4, 5 }));
        Assert.That(
            collected.Floats.ToArray(),
            Is.EqualTo(Array.ConvertAll(inputs.Arrays["x"].Floats.ToArray(), number => 2 * number)).Within(1e-6)
        );
    }

    [TestCase("doubled", Wide, 1)]
    [TestCase("tripled", Wide, -1)]
    [TestCase("negated", 8, 1)]
    public void A_tensor_of_the_branch_that_runs_is_swapped(string tensor, int rate, int sign)
    {
        using var model = Load(tensor, InterventionType.Vanilla);
        var (inputs, source) = (Inputs(rate, sign, 3), Inputs(rate, sign, 4));
        var expected = model.Plain(inputs);
        model.Plain(source).AsSpan(3, 3).CopyTo(expected.AsSpan(3));
        model.Plain(source).AsSpan(12 + 3, 3).CopyTo(expected.AsSpan(12 + 3));

        using var result = model.Run(inputs, [source], UnitLocations.SourcesToBase(1));

        Assert.That(result.Intervened.Outputs["y"].Array.Floats.ToArray(), Is.EqualTo(expected).Within(1e-6));
    }

    // The rate is known before a run; the sign of the sum is not.
    [TestCase("doubled", 8, 1)]
    [TestCase("tripled", Wide, 1)]
    [TestCase("doubled", Wide, -1)]
    [TestCase("negated", Wide, 1)]
    public void A_tensor_of_another_branch_is_refused(string tensor, int rate, int sign)
    {
        using var model = Load(tensor, InterventionType.Zero);

        Assert.That(
            () => model.Run(Inputs(rate, sign, 5)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("these inputs do not take")
        );
    }

    [Test]
    public void A_source_that_takes_another_branch_is_refused()
    {
        using var model = Load("doubled", InterventionType.Vanilla);

        Assert.That(
            () => model.Run(Inputs(Wide, 1, 6), [Inputs(Wide, -1, 7)]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("these inputs do not take")
        );
    }

    private static IntervenableModel Load(string tensor, InterventionType type) =>
        SketchedModel.Load(Sketch(), tensor, type);

    private static ModelInputs Inputs(int rate, int sign, int seed)
    {
        var random = new Random(seed);
        var numbers = Enumerable.Range(0, 2 * 4 * 5).Select(_ => sign * (random.NextSingle() + 0.1f)).ToArray();
        return new ModelInputs(
            System
                .Collections.Immutable.ImmutableDictionary<string, NumericArray>.Empty.Add(
                    "x",
                    NumericArray.Of(numbers, 2, 4, 5)
                )
                .Add("rate", NumericArray.Of(new long[] { rate }, 1))
        );
    }

    private static Model Sketch()
    {
        var sketch = new ModelSketch(8, 17);
        var (x, rate) = (sketch.Input("x", -1, 4, 5), sketch.Input("rate", ElementType.Int64, 1));
        var isWide = sketch.Op("is_wide", "Equal", [rate, sketch.Integers("wide", Wide)]);
        var sum = sketch.Op("sum", "ReduceSum", [x], NodeAttribute.Of("keepdims", 0L));
        var isPositive = sketch.Op("is_positive", "Greater", [sum, sketch.Number("zero", 0)]);
        var wide = new Graph("wide_branch");
        var chosen = wide.AddNode(
            "sign",
            new("", "If"),
            [isPositive],
            ["signed"],
            [
                NodeAttribute.Of("then_branch", Branch("doubled", "Add", x, x)),
                NodeAttribute.Of("else_branch", Branch("tripled", "Mul", x, sketch.Number("three", 3))),
            ]
        );
        chosen.Output.Type = s_type;
        wide.AddOutput(chosen.Output);
        var given = sketch.Op(
            "given",
            "If",
            [isWide],
            NodeAttribute.Of("then_branch", wide),
            NodeAttribute.Of("else_branch", Branch("negated", "Neg", x))
        );
        given.Type = s_type;
        var y = sketch.Op("y", "MatMul", [given, sketch.Weights("weights", 5, 3)]);
        y.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 3);
        return sketch.Build(y);
    }

    private static Graph Branch(string name, string type, params Value[] inputs)
    {
        var branch = new Graph($"{name}_branch");
        var inside = branch.AddNode(name, new("", type), inputs, [name], []).Output;
        var end = branch.AddNode($"{name}_end", new("", "Identity"), [inside], [$"{name}_out"], []).Output;
        (inside.Type, end.Type) = (s_type, s_type);
        branch.AddOutput(end);
        return branch;
    }
}

file static class PlainRuns
{
    public static float[] Plain(this IntervenableModel model, ModelInputs inputs)
    {
        using var result = model.Run(inputs, [null]);
        return result.Intervened.Outputs["y"].Array.Floats.ToArray();
    }
}
