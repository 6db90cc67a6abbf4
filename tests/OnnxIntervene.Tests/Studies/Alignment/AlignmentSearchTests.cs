using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Tests.Studies.Alignment;

public sealed class AlignmentSearchTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.References, "das_equality");

    private LoadedModel _model = null!;
    private InterchangeDataSet _training = null!;
    private InterchangeDataSet _test = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _model = LoadedModel.Load(Path.Combine(s_folder, "model.onnx"), new ExecutionOptions { Threads = 1 });
        _training = InterchangeTensorFile.Read(Path.Combine(s_folder, "data.safetensors"), _model, "train");
        _test = InterchangeTensorFile.Read(Path.Combine(s_folder, "data.safetensors"), _model, "test");
    }

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    [Test]
    public void It_finds_both_variables_in_the_first_layer_and_nowhere_else()
    {
        var part = _test with { Examples = [.. _test.Examples.Take(2048)] };
        var thorough = Request(0) with { Test = part, Steps = 260, BatchSize = 256 };
        var brief = Request(1, 2) with { Test = part, Steps = 20, BatchSize = 256 };

        var (first, others) = (AlignmentSearch.Run(_model, thorough), AlignmentSearch.Run(_model, brief));

        Assert.That(first.Best!.All.Interchange.Value, Is.GreaterThanOrEqualTo(0.99));
        Assert.That(first.Best.All.RandomSubspace!.Value.Value, Is.LessThan(0.65));
        Assert.That(first.Best.All.DoingNothing.Value, Is.LessThan(0.6));
        Assert.That(others.Cells.Select(cell => cell!.All.Interchange.Value), Is.All.LessThan(0.65));
    }

    [Test]
    public void A_search_that_was_ended_goes_on_and_finds_the_same()
    {
        using var folder = new TemporaryFolder();
        var request = Small();
        var options = new AlignmentOptions
        {
            Sweep = new SweepOptions { Journal = folder.File("das.cells.jsonl") },
            Folder = folder.File("best"),
        };
        var whole = AlignmentSearch.Run(_model, request);
        using var source = new CancellationTokenSource();
        var steps = 0;

        Assert.That(
            () =>
                AlignmentSearch.Run(
                    _model,
                    request,
                    new Told(_ =>
                    {
                        if (++steps == request.Steps + 2)
                            source.Cancel();
                    }),
                    options,
                    source.Token
                ),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(
            AlignmentSearch.Progress(_model, request, [options.Sweep.Journal!]),
            Is.EqualTo(new SweepProgress(1, 3))
        );
        steps = 0;
        var resumed = AlignmentSearch.Run(_model, request, new Told(_ => steps++), options);

        Assert.That(steps, Is.EqualTo(2 * request.Steps), "the first cell is not trained again");
        Assert.That(resumed.Cells, Is.EqualTo(whole.Cells));
        Assert.That(
            () => AlignmentSearch.Run(_model, request with { Seed = 9 }, options: options),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("another study")
        );
    }

    [Test]
    public void Shards_together_find_what_one_run_finds_and_the_best_rotation_is_kept()
    {
        using var folder = new TemporaryFolder();
        var request = Small();
        var whole = AlignmentSearch.Run(_model, request);
        var shards = Enumerable
            .Range(0, 2)
            .Select(index => (Shard: new SweepShard(index, 2), Folder: folder.File($"best-{index}")))
            .ToList();
        foreach (var (shard, best) in shards)
            AlignmentSearch.Run(
                _model,
                request,
                options: new AlignmentOptions
                {
                    Sweep = new SweepOptions { Journal = folder.File($"{shard.Index}.jsonl"), Shard = shard },
                    Folder = best,
                }
            );

        var merged = AlignmentSearch.Merge(_model, request, [folder.File("0.jsonl"), folder.File("1.jsonl")]);
        AlignmentSearch.CopyBest(merged, shards, folder.File("best"));
        using var loaded = _model.With(InterventionFolder.Load(folder.File("best")));
        var again = InterchangeAccuracy.Measure(
            loaded,
            request.Test,
            new InterchangePlace
            {
                Positions = [ExamplePosition.Last],
                Subspaces = new Subspaces([
                    [
                        [.. Enumerable.Range(0, 8)],
                    ],
                    [
                        [.. Enumerable.Range(8, 8)],
                    ],
                ]),
            }
        );

        Assert.That(merged.Cells, Is.EqualTo(whole.Cells));
        Assert.That(again.All.Interchange, Is.EqualTo(merged.Best!.All.Interchange));
        Assert.That(
            () => AlignmentSearch.Merge(_model, request, [folder.File("0.jsonl")]),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("1 of 3 cells")
        );
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_runs()
    {
        Refuses(Small() with { Rank = 9 }, "9 dimensions", "from 1 to 8");
        Refuses(Small() with { Positions = [ExamplePosition.At(3)] }, "In the training", "no position 3");
        Refuses(
            Small() with
            {
                SourcePositions = [ExamplePosition.At(0), ExamplePosition.At(0)],
            },
            "1 positions",
            "2 are"
        );
        Refuses(Small() with { Layers = [7] }, "7");
        Refuses(
            Small() with
            {
                Test = _test with { Examples = [_test.Examples[0] with { Sources = [_test.Examples[0].Base] }] },
            },
            "2 sources",
            "1"
        );
    }

    private void Refuses(AlignmentRequest request, params string[] words)
    {
        var fault = Assert.Throws<InterventionException>(() => AlignmentSearch.Run(_model, request));
        foreach (var word in words)
            Assert.That(fault!.Message, Does.Contain(word));
    }

    private AlignmentRequest Small() =>
        Request(0, 1, 2) with
        {
            Steps = 3,
            BatchSize = 64,
            Training = _training with { Examples = [.. _training.Examples.Take(512)] },
            Test = _test with { Examples = [.. _test.Examples.Take(128)] },
        };

    private AlignmentRequest Request(params int[] layers) =>
        new()
        {
            Training = _training,
            Test = _test,
            Layers = [.. layers],
            Rank = 8,
            Options = new TrainingOptions { Optimizer = new Adam(5e-3) },
        };

    /// <summary>Tells at once, on the thread that reports.</summary>
    private sealed class Told(Action<SweepProgress> tell) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value) => tell(value);
    }
}
