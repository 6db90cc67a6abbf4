using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Laws;

/// <summary>A model that is cut computes in its parts what it computes whole.</summary>
public sealed class CutTests
{
    private const double Tolerance = 1e-5;

    private static readonly Lazy<List<SampleRun>> s_ofManyNodes = new(() =>
        [.. Models().Where(sample => OnnxFile.Load(sample.Path).Graph.NodeCount > 1)]
    );

    public static IEnumerable<SampleRun> Models() => SampleRun.All();

    // A merged decoder is one If node, in which no cut is possible.
    public static IEnumerable<SampleRun> ModelsOfManyNodes() => s_ofManyNodes.Value;

    [TestCaseSource(nameof(ModelsOfManyNodes))]
    public void A_run_up_to_a_middle_tensor_and_one_from_there_give_what_the_whole_run_gives(SampleRun sample)
    {
        using var runs = new PartialRuns(sample);
        var output = runs.Model.Graph.Outputs[0];
        var cut = Middle(runs.Model, runs.Components);
        var frontier = Frontier.Of(runs.Model, [cut], [output]);
        var whole = runs.Run(runs.Model)[output.Name];

        var prefix = GraphCut.To(runs.Model, frontier);
        runs.Advance(prefix);
        var suffix = GraphCut.Between(runs.Model, frontier, [output], runs.TypeOf, out _);

        Assert.That(frontier, Does.Contain(cut));
        Assert.That(prefix.Graph.NodeCount, Is.LessThan(runs.Model.Graph.NodeCount));
        Assert.That(suffix.Graph.NodeCount, Is.LessThan(runs.Model.Graph.NodeCount));
        AssertEqual(runs.Run(suffix)[output.Name], whole);
    }

    [TestCaseSource(nameof(ModelsOfManyNodes))]
    public void A_run_that_stops_at_what_is_wanted_gives_what_the_whole_run_gives_there(SampleRun sample)
    {
        using var runs = new PartialRuns(sample);
        var wanted = Middle(runs.Model, runs.Components);
        var seen = runs.Model.Copy(out var copies);
        seen.Graph.AddOutput(copies[wanted]);
        var whole = runs.Run(seen)[wanted.Name];

        AssertEqual(runs.Run(GraphCut.To(runs.Model, [wanted]))[wanted.Name], whole);
    }

    [TestCaseSource(nameof(Models))]
    public void The_first_output_alone_is_what_it_is_beside_the_others(SampleRun sample)
    {
        using var runs = new PartialRuns(sample);
        var output = runs.Model.Graph.Outputs[0];

        var alone = runs.Run(GraphCut.To(runs.Model, [output]));

        AssertEqual(alone[output.Name], runs.Run(runs.Model)[output.Name]);
    }

    [TestCase("If", "hidden")]
    [TestCase("Loop", "hidden")]
    [TestCase("Scan", "hidden")]
    [TestCase("If", "given")]
    [TestCase("Loop", "given")]
    [TestCase("Scan", "given")]
    public void A_cut_before_or_behind_a_branch_or_a_loop_gives_what_the_whole_run_gives(string type, string tensor)
    {
        var x = NumericArray.Of(Enumerable.Range(0, 40).Select(index => (float)Math.Sin(index)).ToArray(), 2, 4, 5);
        using var runs = new PartialRuns(
            SubgraphModels.Of(type),
            new ModelInputs(ImmutableDictionary<string, NumericArray>.Empty.Add("x", x))
        );
        var outputs = runs.Model.Graph.Outputs;
        var frontier = Frontier.Of(runs.Model, [runs.Model.Graph.FindValue(tensor)!], outputs);
        var whole = runs.Run(runs.Model);

        runs.Advance(GraphCut.To(runs.Model, frontier));
        var parts = runs.Run(GraphCut.Between(runs.Model, frontier, outputs, runs.TypeOf, out _));

        foreach (var name in outputs.Select(output => output.Name))
            AssertEqual(parts[name], whole[name]);
    }

    // The residual stream half-way where the layers are known, else the tensor in the middle of the file.
    private static Value Middle(Model model, ComponentMap components)
    {
        var streams = components
            .Components.Where(component => component.Address.Name == "block_output")
            .Select(component => component.Source)
            .OfType<TensorSource>()
            .Select(source => source.Value)
            .Where(value => value.Producer?.Graph == model.Graph && !model.Graph.Outputs.Contains(value))
            .ToList();
        if (streams.Count > 0)
            return streams[(streams.Count - 1) / 2];
        var candidates = Cone.After(model.Graph, model.Graph.Inputs).Nodes.Where(node => node.Graph == model.Graph);
        var needed = Cone.Before([model.Graph.Outputs[0]]).Nodes;
        var nodes = model.Graph.Nodes.Where(candidates.Contains).Where(needed.Contains).ToList();
        return nodes[nodes.Count / 2].Output;
    }

    private static void AssertEqual(NumericArray actual, NumericArray expected)
    {
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape));
        if (expected.IsInteger)
            Assert.That(actual.Integers.SequenceEqual(expected.Integers));
        else
            Assert.That(Difference.Largest(actual.Floats, expected.Floats), Is.LessThanOrEqualTo(Tolerance));
    }
}
