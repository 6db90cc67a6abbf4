using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Tensors asked for by name: the graph tells how many units they have and how wide these are.</summary>
public sealed class RawTensorTests
{
    private static readonly string s_gpt2 = Path.Combine(RepositoryPaths.OwnReferences, "families", "gpt2", "optimum");
    private static readonly ModelInputs s_tokens = ModelInputs.FromTokens([
        [1, 2, 3, 4, 5],
        [5, 4, 3, 2, 1],
    ]);

    // No session opens with a provider that does not exist.
    private static readonly ExecutionOptions s_none = new() { Provider = "none" };

    [Test]
    public void Explaining_raw_tensors_opens_no_session()
    {
        var names = RawNames(s_gpt2, 4);
        using var model = IntervenableModel.Load(s_gpt2, Collecting(names), s_none);

        var explanation = model.Explain(s_tokens);

        Assert.That(explanation.Sites.Select(site => site.Tensor), Is.EqualTo(names));
        Assert.That(
            explanation.Runs[0].Inputs.Where(input => input.Shape is [10, 2]).ToList(),
            Has.Count.EqualTo(names.Count),
            "five positions of two examples, of each tensor"
        );
        Assert.That(() => model.Run(s_tokens), Throws.TypeOf<InterventionException>(), "a run opens one");
    }

    [Test]
    public void Counted_units_are_those_that_a_run_shows()
    {
        var names = RawNames(s_gpt2, 30);
        using var model = IntervenableModel.Load(s_gpt2, Collecting(names), new ExecutionOptions { Threads = 1 });

        var collected = model.Run(s_tokens).Collected;

        foreach (var (name, read) in names.Zip(collected))
        {
            var component = model.Components.Get(0, name);
            Assert.That(read.Shape[1], Is.EqualTo(5), name);
            Assert.That(component.Width, Is.EqualTo(read.Shape[^1]), name);
        }
    }

    [Test]
    public void What_only_a_run_tells_is_measured_by_a_run_and_refused_by_an_explanation()
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(WithChosenRows(), folder.File("model.onnx"));
        using var model = IntervenableModel.Load(folder.File("model.onnx"), Collecting(["chosen"]));
        var inputs = new ModelInputs(
            System.Collections.Immutable.ImmutableDictionary<string, NumericArray>.Empty.Add(
                "x",
                NumericArray.Of(new float[] { 1, 0, 3, 0, 5, 6 }, 1, 6)
            )
        );

        Assert.That(
            () => model.Explain(inputs),
            Throws.TypeOf<InterventionException>().With.Message.Contains("only a run can determine it")
        );
        Assert.That(model.Run(inputs).Collected[0].Shape, Is.EqualTo(new[] { 1, 4, 2 }));
    }

    private static IntervenableConfig Collecting(IEnumerable<string> names) =>
        new()
        {
            Representations =
            [
                .. names.Select(name => new RepresentationConfig
                {
                    Component = name,
                    InterventionType = InterventionType.Collect,
                }),
            ],
        };

    // Tensors [batch, position, width] whose shapes the file does not tell.
    private static List<string> RawNames(string folder, int count)
    {
        var model = FunctionInliner.Inline(OnnxFile.Load(Path.Combine(folder, "model.onnx")));
        var map = ComponentMap.Find(model);
        var taken = map.Components.Select(component => component.Source).SelectMany(SourcePlaces.Values).ToHashSet();
        return
        [
            .. model
                .Graph.Nodes.Where(node => node.Operator.OperatorType is "Add" or "Mul" or "Tanh" or "Pow")
                .Select(node => node.Output)
                .Where(value => value.Type is null && !taken.Contains(value))
                .Select(value => value.Name)
                .Where(name => IsStream(map, name))
                .Take(count),
        ];
    }

    private static bool IsStream(ComponentMap map, string name)
    {
        try
        {
            return map.Get(0, name) is { Axes: 3, Width: > 1 };
        }
        catch (InterventionException)
        {
            return false;
        }
    }

    // [1, rows, 2]: as many rows as the input has numbers that are not 0.
    private static Model WithChosenRows()
    {
        var graph = new Graph("chosen");
        var sets = System.Collections.Immutable.ImmutableSortedDictionary<string, long>.Empty.Add("", 17);
        var model = new Model(graph, 8, sets);
        var ops = new OpBuilder(graph, NameScope.Of(model), 17, "rows");
        var x = graph.AddInput("x", new TensorType(ElementType.Float32, Shape.Of(1, 6)));
        var rows = ops.Unsqueeze(ops.Transpose(ops.Cast(ops.Emit("NonZero", [x]), ElementType.Float32), 1, 0), 0);
        var chosen = graph.AddNode("chosen", new("", "Neg"), [rows], ["chosen"], []).Output;
        var y = graph.AddNode("last", new("", "Abs"), [chosen], ["y"], []).Output;
        y.Type = new TensorType(
            ElementType.Float32,
            Shape.Of(Dimension.Fixed(1), Dimension.Unknown, Dimension.Fixed(2))
        );
        graph.AddOutput(y);
        return model;
    }
}
