using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Rewriting.Opening;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>A fused operator that is opened gives what it gave, within rounding.</summary>
public sealed class OpenedOperatorsTests
{
    private const double Rounding = 1e-5;

    public static IEnumerable<TestCaseData> Samples() =>
        FusedSamples.All().Select(sample => new TestCaseData(sample).SetArgDisplayNames(sample.Name));

    [Test]
    public void Every_opening_has_a_sample()
    {
        var samples = FusedSamples.All().Select(sample => sample.Model.Graph.Nodes.Single().Operator).ToHashSet();

        Assert.That(OpeningTable.All.Select(opening => opening.Operator), Is.SubsetOf(samples));
    }

    [TestCaseSource(nameof(Samples))]
    public void Opened_equals_fused(object item)
    {
        var sample = (FileSample)item;
        var opened = sample.Model.Copy();
        var editor = new GraphEditor(opened);
        var node = opened.Graph.Nodes.Single();

        new Openings(editor).Of(node);

        GraphOrder.Sort(opened.Graph);
        Assert.That(GraphVerifier.FindFaults(opened), Is.Empty);
        Assert.That(opened.Graph.Nodes.Where(left => left.Operator == node.Operator), Is.Empty);
        foreach (var output in sample.Model.Graph.Outputs.Select(output => output.Name))
        {
            var expected = PlainRun.Output(sample.Model, sample.Arrays, output);
            var actual = PlainRun.Output(opened, sample.Arrays, output);
            Assert.That(actual.Shape, Is.EqualTo(expected.Shape), output);
            Assert.That(Difference.Largest(actual.Floats, expected.Floats), Is.LessThanOrEqualTo(Rounding), output);
        }
    }
}
