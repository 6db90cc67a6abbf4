using OnnxIntervene.Checking;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Components;

namespace OnnxIntervene.Tests.Checking;

/// <summary>The check contradicts nothing that is right in layers that scale, mask, gate or round.</summary>
public sealed class UnusualLayerCheckTests
{
    private const int Width = 8;
    private const string Sum = "the stream grows by what is added";
    private const string Unnamed = "no layer is left unnamed";

    [TestCase("channels", LawOutcome.Proved)]
    [TestCase("number", LawOutcome.Proved)]
    [TestCase("divisor", LawOutcome.Proved)]
    [TestCase("computed constant", LawOutcome.Untested)]
    [TestCase("mask", LawOutcome.Untested)]
    public void Outputs_that_are_scaled_before_they_are_added_are_not_contradicted(string kind, LawOutcome outcome)
    {
        var sketch = new LayerSketch();
        var mask = kind == "mask" ? sketch.Mask(ElementType.Float32) : null;
        var stream = sketch.Tokens("input_ids", Width);
        for (var layer = 0; layer < 2; layer++)
        {
            stream = sketch.Sum(stream, Scaled(sketch, sketch.Attended(stream, Width), kind, mask));
            stream = sketch.Sum(Scaled(sketch, sketch.Fed(stream, Width), kind, mask), stream);
        }

        var report = Check(sketch, stream);

        Assert.That(report.Contradicted, Is.Empty);
        Assert.That(Outcomes(report, Sum), Is.EqualTo(new[] { outcome, outcome }));
    }

    [TestCase("scale", LawOutcome.Proved)]
    [TestCase("clip", LawOutcome.Proved)]
    [TestCase("where", LawOutcome.Proved)]
    [TestCase("mask", LawOutcome.Untested)]
    [TestCase("batch norm", LawOutcome.Untested)]
    public void What_follows_an_addition_in_the_stream_is_not_contradicted(string kind, LawOutcome outcome)
    {
        var sketch = new LayerSketch();
        var guard = StreamGuard.Of(sketch, kind, Width);
        var stream = sketch.Tokens("input_ids", Width);
        for (var layer = 0; layer < 2; layer++)
        {
            stream = guard(sketch.Sum(stream, sketch.Attended(stream, Width)));
            stream = guard(sketch.Sum(stream, sketch.Fed(stream, Width)));
        }

        var report = Check(sketch, stream);

        Assert.That(report.Contradicted, Is.Empty);
        Assert.That(Outcomes(report, Sum), Is.EqualTo(new[] { outcome, outcome }));
    }

    [Test]
    public void Weights_of_bytes_are_checked_as_closely_as_bytes_allow()
    {
        var sketch = new LayerSketch { HasByteWeights = true };

        Assert.That(
            Check(sketch, sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2)).Contradicted,
            Is.Empty
        );
    }

    [Test]
    public void A_gate_between_the_values_and_the_projection_is_named()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layer(sketch.Gated(sketch.Tokens("input_ids", Width), Width), Width, "f");

        var report = Check(sketch, stream);
        var law = report.Findings.Single(finding =>
            finding.Law == "attention_weight times value_output is attention_value_output"
        );

        Assert.That(report.Contradicted, Is.Empty);
        Assert.That(law.Outcome, Is.EqualTo(LawOutcome.Untested));
        Assert.That(law.Explanation, Does.StartWith("a gate lies between"));
    }

    [Test]
    public void Laws_of_positions_cannot_be_tested_where_positions_belong_to_no_example()
    {
        var sketch = new LayerSketch();
        var shape = Shape.Of(Dimension.Named("seq"), Dimension.Named("batch"), Dimension.Fixed(Width));
        var stream = sketch.Model.Graph.AddInput("src", new TensorType(ElementType.Float32, shape));
        for (var layer = 0; layer < 2; layer++)
            stream = sketch.Layer(sketch.PositionsFirst(stream, Width), Width, "f");

        var report = Check(sketch, stream);

        Assert.That(report.Contradicted, Is.Empty);
        Assert.That(report.Proved, Is.Not.Empty);
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_stack_that_leaves_out_its_attention_is_not_proved_to_be_whole(int layers)
    {
        var sketch = new LayerSketch();
        var stream = sketch.Tokens("input_ids", Width);
        for (var layer = 0; layer < layers; layer++)
        {
            var joined = sketch.JoinWidths(stream, sketch.Attended(stream, Width));
            stream = sketch.Layer(sketch.Linear(joined, 2 * Width, Width), Width, "f");
        }

        var outcomes = Outcomes(Check(sketch, stream), Unnamed);

        // Before the first layer, and between each and the next.
        Assert.That(outcomes.Count(outcome => outcome == LawOutcome.Untested), Is.EqualTo(layers));
        Assert.That(outcomes, Has.None.EqualTo(LawOutcome.Contradicted));
    }

    private static Value Scaled(LayerSketch sketch, Value part, string kind, Value? mask) =>
        kind switch
        {
            "channels" => sketch.Apply("Mul", part, sketch.Numbers(0.5f, 2, -1, 0.3f, 0.7f, 1.5f, 0.2f, 3)),
            "number" => sketch.Apply("Mul", sketch.Numbers(0.3f), part),
            "divisor" => sketch.Apply("Div", part, sketch.Numbers(4)),
            "computed constant" => sketch.Apply("Mul", sketch.Apply("Tanh", sketch.Numbers(0.4f)), part),
            "mask" => sketch.Apply("Mul", part, mask!),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };

    private static List<LawOutcome> Outcomes(CheckReport report, string law) =>
        [.. report.Findings.Where(finding => finding.Law == law).Select(finding => finding.Outcome)];

    private static CheckReport Check(LayerSketch sketch, Value stream)
    {
        sketch.Output(sketch.Linear(sketch.Norm(stream, Width), Width, 11));
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sketch.Model, folder.File("model.onnx"));
        using var model = LoadedModel.Load(folder.File("model.onnx"), new ExecutionOptions { Threads = 1 });
        return model.Components.Check(model);
    }
}
