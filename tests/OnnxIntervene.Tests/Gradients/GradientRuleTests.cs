using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Rules;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Every gradient rule agrees with central differences.</summary>
public sealed class GradientRuleTests
{
    public static IEnumerable<TestCaseData> Samples() =>
        GradientSamples
            .All()
            .GroupBy(sample => sample.Key)
            .Select(group => new TestCaseData(group.ToArray()).SetArgDisplayNames(group.First().Operator));

    [Test]
    public void Every_rule_has_samples()
    {
        var samples = GradientSamples.All().Select(sample => sample.Key).ToHashSet();

        Assert.That(GradientTable.All.Select(rule => rule.Operator), Is.EquivalentTo(samples));
    }

    [TestCaseSource(nameof(Samples))]
    public void A_rule_agrees_with_central_differences(object[] samples)
    {
        foreach (var sample in samples.Cast<GradientSample>())
        {
            foreach (var knowledge in Enum.GetValues<ShapeKnowledge>())
            {
                if (knowledge != ShapeKnowledge.Nothing || !sample.NeedsRank)
                    Check(sample, knowledge);
            }
        }
    }

    private static void Check(GradientSample sample, ShapeKnowledge knowledge)
    {
        var model = sample.Build(knowledge);
        var inputs = model.Graph.Inputs.ToList();
        AddGradients(model);
        using var run = new PreciseRun(model, sample);

        for (var input = 0; input < inputs.Count; input++)
        {
            var (shape, gradient) = run.Gradient(input);
            Assert.That(shape, Is.EqualTo(sample.Shapes[input]), $"{sample}, {knowledge}, shape of input {input}");
            for (var index = 0; index < gradient.Length; index++)
            {
                var difference = run.Difference(input, index);
                Assert.That(
                    gradient[index],
                    Is.EqualTo(difference).Within(run.Tolerance * (1 + Math.Abs(difference))),
                    $"{sample}, {knowledge}, input {input}, element {index}"
                );
            }
        }
    }

    // The loss is the sum of the output's elements, each times a number of its own: 1, 2, 3, …
    private static void AddGradients(Model model)
    {
        var editor = new GraphEditor(model);
        var ops = editor.Builder("test");
        var (inputs, output) = (model.Graph.Inputs.ToArray(), model.Graph.Outputs[0]);
        var type = inputs[0].Type!.ElementType;
        var flat = ops.Cast(ops.Reshape(output, -1), type);
        var count = ops.Emit("Size", [output]);
        var factors = ops.Cast(ops.Range(ops.Scalar(1), ops.Add(count, ops.Scalar(1)), ops.Scalar(1)), type);
        var loss = ops.Emit("MatMul", [factors, flat]);
        var gradients = BackwardPass.Write(editor, loss, [.. inputs]);
        var outputs = gradients.Select(ops.Identity).Prepend(loss).ToList();
        foreach (var value in outputs)
            value.Type = new TensorType(type, null);
        model.Graph.SetOutputs(outputs);
        DeadCode.Remove(model.Graph);
        GraphOrder.Sort(model.Graph);
        GraphVerifier.Verify(model);
    }
}
