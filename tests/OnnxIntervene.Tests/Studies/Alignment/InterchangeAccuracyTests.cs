using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.CausalModels;

namespace OnnxIntervene.Tests.Studies.Alignment;

public sealed class InterchangeAccuracyTests
{
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };
    private static readonly string s_equality = Path.Combine(RepositoryPaths.References, "das_equality");

    private LoadedModel _equality = null!;
    private InterchangeDataSet _test = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _equality = LoadedModel.Load(Path.Combine(s_equality, "model.onnx"), s_options);
        _test = InterchangeTensorFile.Read(Path.Combine(s_equality, "data.safetensors"), _equality, "test");
    }

    [OneTimeTearDown]
    public void Close() => _equality.Dispose();

    [Test]
    public void The_handmade_network_aligns_exactly_as_published()
    {
        using var folder = new TemporaryFolder();
        HandcraftedNetwork.Save(folder.File("model.onnx"));
        using var loaded = LoadedModel.Load(folder.File("model.onnx"), s_options);
        var causal = EqualityTask.Model(objects: 20, seed: 42);
        var examples = CausalDataset.GenerateCounterfactual(
            causal,
            2048,
            new CausalDatasetOptions
            {
                Seed = 42,
                BatchSize = 16,
                Sampler = CausalSampler.TreeBalanced,
            }
        );
        var description = DescriptionOf(causal);
        using var aligned = loaded.With(Pair(InterventionType.Vanilla, HandcraftedNetwork.FirstLayer));

        var result = InterchangeAccuracy.Measure(
            aligned,
            CausalInterchanges.Of(description, examples, loaded),
            Halves(4, 8)
        );
        var crossed = InterchangeAccuracy.Measure(
            aligned,
            CausalInterchanges.Of(description, examples, loaded),
            Halves(4, 8) with
            {
                Subspaces = new Subspaces([
                    [
                        [4, 5, 6, 7],
                    ],
                    [
                        [0, 1, 2, 3],
                    ],
                ]),
            }
        );

        Assert.That(result.All.Interchange, Is.EqualTo(new AccuracyEstimate(2048, 2048)));
        Assert.That(result.Changed!.DoingNothing.Correct, Is.Zero);
        Assert.That(result.Changed.Interchange.Value, Is.EqualTo(1));
        Assert.That(result.All.DoingNothing.Value, Is.LessThan(0.6));
        Assert.That(result.All.RandomSubspace!.Value.Value, Is.LessThan(0.75));
        Assert.That(crossed.All.Interchange.Value, Is.LessThan(0.8), "neurons of the other variable");
    }

    [TestCase(0, "final", 0.9988)]
    [TestCase(0, "initial", 0.5513)]
    [TestCase(1, "final", 0.5784)]
    [TestCase(2, "final", 0.4924)]
    public void A_rotation_has_the_accuracy_that_torch_measures(int layer, string state, double expected)
    {
        var weight = SafetensorsFile
            .Open(Path.Combine(s_equality, "data.safetensors"))
            .Read($"layer{layer}.{state}_weight");
        using var rotated = _equality.With(Pair(new RotatedSpaceIntervention(weight), layer));

        var options = new InterchangeOptions { BatchSize = 512, RandomSeed = state == "initial" ? 0 : null };
        var result = InterchangeAccuracy.Measure(rotated, _test, Halves(8, 16), options);

        Assert.That(result.All.Interchange.Value, Is.EqualTo(expected).Within(5e-4));
        Assert.That(result.All.RandomSubspace?.Value ?? 0, Is.LessThan(0.65), "no better than the initial rotation");
        Assert.That(result.Predictions, Has.Length.EqualTo(4096));
        Assert.That(result.Changed, Is.Null, "the file does not tell the answers without interchange");
    }

    [Test]
    public void Doing_nothing_is_right_where_the_answer_stays()
    {
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel, s_options);
        var folder = Path.Combine(RepositoryPaths.References, "facts-gpt2");
        using var reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "das.json")));
        var answers = reference.RootElement.GetProperty("answers");
        var whole = InterchangeTensorFile.Read(
            Path.Combine(folder, "das.safetensors"),
            loaded,
            "test",
            [answers.GetProperty("0").GetInt32(), answers.GetProperty("1").GetInt32()]
        );
        var part = whole with { Examples = [.. whole.Examples.Take(96)] };
        using var swapped = loaded.With(One(InterventionType.Vanilla, layer: 5));

        var result = InterchangeAccuracy.Measure(
            swapped,
            part,
            new InterchangePlace { Positions = [ExamplePosition.Last] }
        );

        Assert.That(whole.UnchangedShare, Is.EqualTo(0.6777).Within(1e-4), "das.json, chance");
        Assert.That(result.All.DoingNothing.Value, Is.EqualTo(part.UnchangedShare));
        Assert.That(result.Changed!.DoingNothing.Correct, Is.Zero);
        Assert.That(result.All.RandomSubspace, Is.Null, "all of the space leaves nothing to draw");
        Assert.That(
            result.All.Interchange.Value,
            Is.LessThan(1),
            "the source's whole state answers the source's question"
        );
    }

    [Test]
    public void Batches_do_not_change_what_is_measured_and_tell_how_far_they_are()
    {
        var path = Path.Combine(s_equality, "data.safetensors");
        var data = _test with { Examples = [.. _test.Examples.Take(300)] };
        using var rotated = _equality.With(
            Pair(new RotatedSpaceIntervention(SafetensorsFile.Open(path).Read("layer0.initial_weight")), 0)
        );
        var told = new List<SweepProgress>();

        var large = InterchangeAccuracy.Measure(rotated, data, Halves(8, 16), new() { BatchSize = 300 });
        var small = InterchangeAccuracy.Measure(
            rotated,
            data,
            Halves(8, 16),
            new() { BatchSize = 7 },
            new Told(told.Add)
        );

        Assert.That(small.Predictions, Is.EqualTo(large.Predictions));
        Assert.That(small.All, Is.EqualTo(large.All));
        Assert.That(told[^1], Is.EqualTo(new SweepProgress(300, 300)));
        Assert.That(told, Has.Count.GreaterThan(40));
    }

    [Test]
    public void It_ends_when_it_is_told_to()
    {
        using var swapped = _equality.With(Pair(InterventionType.Vanilla, 0));
        using var source = new CancellationTokenSource();
        var told = 0;

        Assert.That(
            () =>
                InterchangeAccuracy.Measure(
                    swapped,
                    _test,
                    Halves(8, 16),
                    new() { BatchSize = 8 },
                    new Told(_ =>
                    {
                        told++;
                        source.Cancel();
                    }),
                    source.Token
                ),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(told, Is.EqualTo(1));
    }

    [Test]
    public void What_does_not_fit_is_named_before_anything_runs()
    {
        using var loaded = LoadedModel.Load(Path.Combine(s_equality, "model.onnx"), s_options);
        var data = _test with { Examples = [.. _test.Examples.Take(4)] };
        var wrong = data.Examples[2] with { Label = 2 };
        using var pair = loaded.With(Pair(InterventionType.Vanilla, 0));
        using var one = loaded.With(One(InterventionType.Vanilla, 0));

        Refuses(
            pair,
            data with
            {
                Examples = data.Examples.SetItem(2, wrong),
            },
            Halves(8, 16),
            "test, example 3",
            "label is 2"
        );
        Refuses(pair, data with { Answers = [0] }, Halves(8, 16), "none of the answers 0");
        Refuses(one, data, Halves(8, 16), "2 sources", "1 interventions");
        Refuses(pair, data, Halves(8, 16) with { Positions = [ExamplePosition.At(1)] }, "example 1", "no position 1");
        Refuses(
            pair,
            data,
            Halves(8, 16) with
            {
                Positions = [ExamplePosition.Named("verb")],
            },
            "no position named 'verb'"
        );
        Refuses(pair, data, Halves(8, 16) with { UnitLocations = UnitLocations.SourcesToBase(0) }, "both given");
        Assert.That(loaded.OpenSessionCount, Is.Zero);
    }

    // Wilson's interval as statsmodels' proportion_confint(method="wilson") gives it.
    [TestCase(8, 10, 0.4901625, 0.9433178)]
    [TestCase(0, 20, 0, 0.1611252)]
    [TestCase(2048, 2048, 0.9981278, 1)]
    public void An_accuracy_has_wilsons_interval(int correct, int count, double low, double high)
    {
        var accuracy = new AccuracyEstimate(correct, count);

        Assert.That(accuracy.Low, Is.EqualTo(low).Within(1e-6));
        Assert.That(accuracy.High, Is.EqualTo(high).Within(1e-6));
    }

    private static void Refuses(
        IntervenableModel model,
        InterchangeDataSet data,
        InterchangePlace place,
        params string[] words
    )
    {
        var fault = Assert.Throws<InterventionException>(() => InterchangeAccuracy.Measure(model, data, place));
        foreach (var word in words)
            Assert.That(fault!.Message, Does.Contain(word));
    }

    private static CausalDescription DescriptionOf(CausalModel causal) => new(causal);

    private static InterchangePlace Halves(int half, int width) =>
        new()
        {
            Positions = [ExamplePosition.At(0)],
            Subspaces = new Subspaces([
                ImmutableArray.Create<ImmutableArray<int>>([.. Enumerable.Range(0, half)]),
                ImmutableArray.Create<ImmutableArray<int>>([.. Enumerable.Range(half, width - half)]),
            ]),
        };

    private static IntervenableConfig One(InterventionType type, int layer) =>
        new() { Representations = [new() { Layer = layer, InterventionType = type }] };

    private static IntervenableConfig Pair(InterventionType type, int layer) =>
        Twice(new() { Layer = layer, InterventionType = type });

    private static IntervenableConfig Pair(InterventionType type, string component) =>
        Twice(new() { Component = component, InterventionType = type });

    private static IntervenableConfig Pair(Intervention intervention, int layer) =>
        Twice(
            new()
            {
                Layer = layer,
                Intervention = intervention,
                InterventionLinkKey = 0,
            }
        );

    private static IntervenableConfig Twice(RepresentationConfig representation) =>
        new() { Representations = [representation, representation] };

    /// <summary>Tells at once, on the thread that reports.</summary>
    private sealed class Told(Action<SweepProgress> tell) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value) => tell(value);
    }
}
