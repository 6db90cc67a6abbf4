using OnnxIntervene.Checking;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
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
        var report = Check(sketch, ScaledLayers(sketch, kind, 2));

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

    [Test]
    public void Wrong_maps_of_scaled_layers_are_caught([Values("channels", "mask")] string kind)
    {
        var sketch = new LayerSketch();
        using var model = Load(sketch, ScaledLayers(sketch, kind, 3));
        var mutator = new MapMutator(model.Components, model.Model, seed: 5);
        var missed = new List<string>();
        for (var tried = 0; tried < 20; )
        {
            // What is added after the scale is as good an output as before it.
            if (mutator.Next() is not { } mutant || mutant.Name.Contains("at a neighbour", StringComparison.Ordinal))
                continue;
            tried++;
            using var wrong = model.With(mutant.Map);
            if (mutant.Map.Check(wrong).IsSound)
                missed.Add(mutant.Name);
        }

        Assert.That(missed, Is.Empty);
    }

    [Test]
    public void The_check_goes_on_without_a_component_that_is_refused()
    {
        var sketch = new LayerSketch();
        var stream = sketch.Layers(sketch.Tokens("input_ids", Width), Width, "af", 2);
        using var model = Load(sketch, sketch.Remembered(stream, Width, "reverse"));
        var recurrent = model.Model.Graph.Nodes.Single(node => node.Operator.OperatorType == "LSTM");
        var own = model.Components;
        var refused = new Component(new ComponentAddress(0, "cell_output"), new RecurrentSource(recurrent), 8, 0, "t");
        var map = new ComponentMap(model.Model, own.Family, own.Stacks, [.. own.Components, refused], own.Missing);
        using var other = model.With(map);

        var report = map.Check(other);

        Assert.That(
            report.Findings.Single(finding => finding.Law == "it can be read and written").Explanation,
            Does.Contain("reverse")
        );
        Assert.That(report.Proved, Has.Length.GreaterThan(20));
    }

    private static Value ScaledLayers(LayerSketch sketch, string kind, int count)
    {
        var mask = kind == "mask" ? sketch.Mask(ElementType.Float32) : null;
        var stream = sketch.Tokens("input_ids", Width);
        for (var layer = 0; layer < count; layer++)
        {
            stream = sketch.Sum(stream, Scaled(sketch, sketch.Attended(stream, Width), kind, mask));
            stream = sketch.Sum(Scaled(sketch, sketch.Fed(stream, Width), kind, mask), stream);
        }

        return stream;
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
        using var model = Load(sketch, stream);
        return model.Components.Check(model);
    }

    private static LoadedModel Load(LayerSketch sketch, Value stream)
    {
        sketch.Output(sketch.Linear(sketch.Norm(stream, Width), Width, 11));
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sketch.Model, folder.File("model.onnx"));
        return LoadedModel.Load(folder.File("model.onnx"), new ExecutionOptions { Threads = 1 });
    }
}
