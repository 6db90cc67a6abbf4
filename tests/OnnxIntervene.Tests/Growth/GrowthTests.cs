using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Inspection;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Splicing;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Growth;

/// <summary>
/// How the work grows with the graph, on the whole way of <c>inspect</c> and of a splice: in steps and in memory, which
/// do not depend on the machine. A graph four times as large may take a little more than four times as many.
/// </summary>
public sealed class GrowthTests
{
    private const double MostGrowth = 5.5;

    // What any graph takes, whatever its size.
    private const long FewSteps = 300;
    private const long FewBytes = 100_000;

    private static IEnumerable<string> Shapes => GrowingGraphs.All.Keys;

    [TestCaseSource(nameof(Shapes))]
    public void Work_grows_in_proportion_to_the_graph(string shape)
    {
        var (size, build) = GrowingGraphs.All[shape];
        Compare(build(size), build(4 * size));
    }

    [Test]
    public void Work_grows_in_proportion_to_functions_that_are_written_out() =>
        Compare(GrowingGraphs.Functions(4), GrowingGraphs.Functions(5));

    private static void Compare(Model small, Model large)
    {
        // The first time fills tables.
        Costs(small);
        var (few, many) = (Costs(small), Costs(large));
        Assert.Multiple(() =>
        {
            Assert.That(few["verifying"].Steps, Is.GreaterThan(0), "steps are counted");
            foreach (var (stage, cost) in many)
            {
                Assert.That(cost.Steps, Is.LessThan((few[stage].Steps + FewSteps) * MostGrowth), $"steps of {stage}");
                Assert.That(cost.Bytes, Is.LessThan((few[stage].Bytes + FewBytes) * MostGrowth), $"bytes of {stage}");
            }
        });
    }

    private static Dictionary<string, (long Steps, long Bytes)> Costs(Model model)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "model.onnx");
        var costs = new Dictionary<string, (long, long)>();
        Take(costs, "saving", () => OnnxFile.Save(model, path));
        Take(costs, "loading", () => model = OnnxFile.Load(path));
        Take(costs, "verifying", () => GraphVerifier.Verify(model));
        Take(costs, "printing", () => GraphPrinter.Print(model));
        Take(costs, "inlining", () => model = FunctionInliner.Inline(model));
        Take(costs, "inference", () => Infer(model));
        Take(costs, "modules", () => ModuleTree.Of(model.Graph));
        ComponentMap? map = null;
        Take(costs, "finding", () => map = ComponentMap.Find(model));
        Take(costs, "tensors", () => TensorDescription.All(model));
        Take(costs, "structure", () => GraphStructure.Describe(model, map!));
        Take(costs, "cutting", () => GraphCut.To(model, [model.Graph.Outputs[0]]));
        Take(costs, "frontier", () => Frontier.Of(model, [model.Graph.Inputs[0]], model.Graph.Outputs));
        var site = new SpliceSite(new ComponentAddress(0, model.Graph.Outputs[0].Name), InterventionType.Addition);
        SplicedModel? spliced = null;
        Take(costs, "splicing", () => spliced = Splicer.Splice(model, map!, [site]));
        Take(costs, "writing", () => OnnxFile.Reference(spliced!.Model));
        return costs;
    }

    private static void Infer(Model model)
    {
        var types = new TypeInference();
        foreach (var value in model.Graph.AllNodes().SelectMany(node => node.Outputs).OfType<Value>())
        {
            types.ElementTypeOf(value);
            types.ShapeOf(value);
        }
    }

    private static void Take(Dictionary<string, (long Steps, long Bytes)> costs, string stage, Action action)
    {
        var (steps, bytes) = (Steps.Count, GC.GetAllocatedBytesForCurrentThread());
        action();
        costs.Add(stage, (Steps.Count - steps, GC.GetAllocatedBytesForCurrentThread() - bytes));
    }
}
