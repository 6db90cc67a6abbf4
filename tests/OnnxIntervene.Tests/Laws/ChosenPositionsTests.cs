using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Laws;

/// <summary>Logits at chosen positions are those that the whole model gives there.</summary>
public sealed class ChosenPositionsTests
{
    private const double Tolerance = 1e-5;

    // A merged decoder makes its logits inside an If, and classifiers' have no positions.
    public static IEnumerable<SampleRun> Models() =>
        SampleRun
            .All()
            .Where(sample =>
                Logits(OnnxFile.Load(sample.Path)) is { Type.Shape.Rank: 3, Producer.Operator.OperatorType: not "If" }
            );

    [TestCaseSource(nameof(Models))]
    public void Each_example_gets_its_own_rows_of_the_full_logits(SampleRun sample)
    {
        using var runs = new PartialRuns(sample);
        AssertRows(runs);
    }

    [TestCase("flattened", 17)]
    [TestCase("quantised", 17)]
    [TestCase("normalised", 17)]
    [TestCase("plain", 11)]
    public void Each_way_to_write_a_projection_gives_the_rows_of_the_full_logits(string way, int operatorSet)
    {
        var x = NumericArray.Of(Enumerable.Range(0, 64).Select(index => (float)Math.Sin(index)).ToArray(), 2, 4, 8);
        using var runs = new PartialRuns(
            Projecting(way, operatorSet),
            new ModelInputs(ImmutableDictionary<string, NumericArray>.Empty.Add("x", x))
        );
        AssertRows(runs);
    }

    [Test]
    public void Logits_that_a_branch_gives_are_refused_with_the_reason()
    {
        var merged = SampleRun.All().Single(sample => sample.Name == "t5-decoder/optimum-merged");
        var model = OnnxFile.Load(merged.Path);

        Assert.That(ChosenPositions.FindObstacle(model, Logits(model)!), Does.Contain("If node"));
    }

    // Two rows of each example, which differ between examples where the operator set allows.
    private static void AssertRows(PartialRuns runs)
    {
        var output = Logits(runs.Model)!.Name;
        var whole = runs.Run(runs.Model);
        var (batch, length, width) = (whole[output].Shape[0], whole[output].Shape[1], whole[output].Shape[2]);
        var model = runs.Model.Copy();

        var positions = ChosenPositions.Gather(model, Logits(model)!);
        var isPerExample = positions.Type!.Shape!.Rank == 2;
        long[] rows =
        [
            .. Enumerable.Range(0, isPerExample ? batch * 2 : 2).Select(index => (long)(index * 3 % length)),
        ];
        runs.Give(positions.Name, isPerExample ? NumericArray.Of(rows, batch, 2) : NumericArray.Of(rows, 2));
        var chosen = runs.Run(model);

        Assert.That(chosen[output].Shape, Is.EqualTo(new[] { batch, 2, width }));
        for (var index = 0; index < batch * 2; index++)
        {
            var row = (index / 2 * length) + (int)rows[index % rows.Length];
            var expected = whole[output].Floats.Slice(row * width, width);
            var actual = chosen[output].Floats.Slice(index * width, width);
            Assert.That(Difference.Largest(actual, expected), Is.LessThanOrEqualTo(Tolerance));
        }

        AssertOthersEqual(chosen, whole, output);
    }

    private static Model Projecting(string way, int operatorSet)
    {
        var sketch = new ModelSketch(8, operatorSet);
        var hidden = sketch.Op("hidden", "Tanh", [sketch.Input("x", -1, 4, 8)]);
        var logits = way switch
        {
            "flattened" => Flattened(sketch, hidden),
            "quantised" => Quantised(sketch, hidden),
            "normalised" => sketch.Op(
                "logits",
                "LogSoftmax",
                [sketch.Op("raw", "MatMul", [hidden, sketch.Weights("vocabulary", 8, 6)])],
                NodeAttribute.Of("axis", -1L)
            ),
            _ => sketch.Op("logits", "MatMul", [hidden, sketch.Weights("vocabulary", 8, 6)]),
        };
        logits.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 6);
        return sketch.Build(logits);
    }

    private static Value Flattened(ModelSketch sketch, Value hidden)
    {
        var flat = sketch.Op("flat", "Reshape", [hidden, sketch.Integers("rows", -1, 8)]);
        Value[] factors = [flat, sketch.Weights("vocabulary", 8, 6), sketch.Weights("bias", 6)];
        return sketch.Op("logits", "Reshape", [sketch.Op("gemm", "Gemm", factors), sketch.Integers("axes", -1, 4, 6)]);
    }

    private static Value Quantised(ModelSketch sketch, Value hidden)
    {
        var small = sketch.Node("small", "DynamicQuantizeLinear", [hidden], ["small", "small_scale", "small_zero"]);
        var vocabulary = sketch.Bytes("vocabulary", ElementType.Int8, 8, 6);
        var product = sketch.Op("product", "MatMulInteger", [small.Outputs[0], vocabulary, small.Outputs[2]]);
        var floats = sketch.Op("floats", "Cast", [product], NodeAttribute.Of("to", (long)ElementType.Float32));
        var scale = sketch.Op("scale", "Mul", [small.Outputs[1], sketch.Number("weight_scale", 0.02f)]);
        return sketch.Op("logits", "Mul", [floats, scale]);
    }

    private static void AssertOthersEqual(
        Dictionary<string, NumericArray> chosen,
        Dictionary<string, NumericArray> whole,
        string output
    )
    {
        foreach (var name in whole.Keys.Where(name => name != output && !whole[name].IsInteger))
            Assert.That(
                Difference.Largest(chosen[name].Floats, whole[name].Floats),
                Is.LessThanOrEqualTo(Tolerance),
                name
            );
    }

    private static Value? Logits(Model model) => model.Graph.Outputs.FirstOrDefault(output => output.Name == "logits");
}
