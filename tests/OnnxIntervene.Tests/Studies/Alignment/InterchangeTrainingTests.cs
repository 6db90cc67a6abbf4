using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Tuning;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Tests.Studies.Alignment;

/// <summary>Weights that are trained to make components stand for variables.</summary>
public sealed class InterchangeTrainingTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.References, "das_equality");

    private LoadedModel _model = null!;
    private InterchangeDataSet _data = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _model = LoadedModel.Load(Path.Combine(s_folder, "model.onnx"), new ExecutionOptions { Threads = 1 });
        _data = InterchangeTensorFile.Read(Path.Combine(s_folder, "data.safetensors"), _model, "train");
    }

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    // By itself the network has the variables in no neurons of this layer.
    [Test]
    public void Neurons_that_held_no_variable_hold_one_afterwards()
    {
        using var folder = new TemporaryFolder();

        var result = InterchangeTraining.Run(_model, Request(80, 256), folder.File("trained"));

        Assert.That(result.Before.All.Interchange.Value, Is.LessThan(0.65));
        Assert.That(result.After.All.Interchange.Value, Is.GreaterThan(0.8));
        Assert.That(result.Losses, Has.Length.EqualTo(80));
        using var plain = LoadedModel.Load(folder.File("trained/model.onnx"));
        Assert.That(
            plain.Model.Graph.Inputs.Select(input => input.Name),
            Is.EqualTo(_model.Model.Graph.Inputs.Select(input => input.Name))
        );
    }

    [Test]
    public void A_training_that_was_ended_goes_on_bit_by_bit()
    {
        using var folder = new TemporaryFolder();
        var request = Request(6, 32);
        var whole = InterchangeTraining.Run(_model, request, folder.File("whole"));
        var options = new InterchangeTrainingOptions
        {
            Checkpoint = folder.File("checkpoint.safetensors"),
            Log = folder.File("log.jsonl"),
        };
        using var stop = new CancellationTokenSource();
        var progress = new Stop(3, stop);

        Assert.That(
            () => InterchangeTraining.Run(_model, request, folder.File("parts"), options, progress, stop.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(Directory.Exists(folder.File("parts")), Is.False);
        var parts = InterchangeTraining.Run(_model, request, folder.File("parts"), options, progress);

        Assert.That(progress.Last, Is.EqualTo(new SweepProgress(6, 6)));
        Assert.That(parts.Losses, Is.EqualTo(whole.Losses));
        Assert.That(TrainingLog.Read(options.Log).Batches.Select(batch => batch.Loss), Is.EqualTo(whole.Losses));
        Assert.That(
            File.ReadAllBytes(folder.File("parts/model.onnx")),
            Is.EqualTo(File.ReadAllBytes(folder.File("whole/model.onnx")))
        );
        Assert.That(
            () => InterchangeTraining.Run(_model, request with { Seed = 4 }, folder.File("other"), options),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another training")
        );
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_is_written()
    {
        using var folder = new TemporaryFolder();
        var request = Request(2, 32);

        Refuses(request with { Weights = ["none"] }, "'none'");
        Refuses(request with { Place = new InterchangePlace { Positions = [ExamplePosition.At(3)] } }, "no position 3");
        Refuses(request with { Test = _data with { Examples = [] } }, "In the test", "no examples");
        Assert.That(
            () => InterchangeTraining.Run(_model, request, _model.File.Folder),
            Throws.TypeOf<InterventionException>().With.Message.Contains("own folder")
        );
        Assert.That(
            () => AlignmentSites.Of(_model, Sites() with { Sites = Sites().Sites.Remove(1) }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("Variable 1 has no site")
        );

        void Refuses(InterchangeTrainingRequest refused, params string[] words)
        {
            var fault = Assert.Throws<InterventionException>(() =>
                InterchangeTraining.Run(_model, refused, folder.File("trained"))
            );
            foreach (var word in words)
                Assert.That(fault!.Message, Does.Contain(word));
            Assert.That(Directory.Exists(folder.File("trained")), Is.False);
        }
    }

    private InterchangeTrainingRequest Request(int steps, int batch)
    {
        var (config, place) = AlignmentSites.Of(_model, Sites());
        return new InterchangeTrainingRequest
        {
            Config = config,
            Place = place,
            Training = Part(0, 8192),
            Test = Part(8192, 512),
            Steps = steps,
            BatchSize = batch,
            Options = new TrainingOptions { Optimizer = new Adam(1e-2) },
        };
    }

    private AlignmentRequest Sites() =>
        new()
        {
            Training = Part(0, 32),
            Test = Part(0, 32),
            Kind = InterventionType.Vanilla,
            Rank = 0,
            Sites = ImmutableSortedDictionary<int, VariableSite>
                .Empty.Add(0, new VariableSite(1, ExamplePosition.At(0)))
                .Add(1, new VariableSite(1, ExamplePosition.At(0))),
        };

    private InterchangeDataSet Part(int first, int count) =>
        _data with
        {
            Examples = [.. _data.Examples.Skip(first).Take(count)],
        };

    private sealed class Stop(int at, CancellationTokenSource source) : IProgress<SweepProgress>
    {
        public SweepProgress? Last { get; private set; }

        public void Report(SweepProgress value)
        {
            Last = value;
            if (value.Done == at)
                source.Cancel();
        }
    }
}
