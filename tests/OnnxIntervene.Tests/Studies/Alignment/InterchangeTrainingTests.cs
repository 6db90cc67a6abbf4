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
        using var stop = new CancellationTokenSource();
        var progress = new Stop(3, stop);

        var options = Ended(request, folder, progress, stop.Token);
        Assert.That(Directory.Exists(folder.File("parts")), Is.False);
        var parts = InterchangeTraining.Run(_model, request, folder.File("parts"), options, progress);

        Assert.That(progress.Last, Is.EqualTo(new SweepProgress(6, 6)));
        Assert.That(parts.Losses, Is.EqualTo(whole.Losses));
        Assert.That(TrainingLog.Read(options.Log!).Batches.Select(batch => batch.Loss), Is.EqualTo(whole.Losses));
        Assert.That(
            File.ReadAllBytes(folder.File("parts/model.onnx")),
            Is.EqualTo(File.ReadAllBytes(folder.File("whole/model.onnx")))
        );
        Assert.That(
            () => InterchangeTraining.Run(_model, request with { Seed = 4 }, folder.File("other"), options),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another training")
        );
    }

    // Weights that hardly move get no better: the first measurement is the best, and two more end the training.
    [Test]
    public void A_training_that_gets_no_better_ends_and_goes_on_bit_by_bit()
    {
        using var folder = new TemporaryFolder();
        var request = Request(20, 32) with
        {
            HeldOut = Part(8800, 64),
            Patience = 2,
            MeasureEvery = 3,
            Options = new TrainingOptions { Optimizer = new Adam(1e-12) },
        };
        var whole = InterchangeTraining.Run(_model, request, folder.File("whole"));
        using var stop = new CancellationTokenSource();

        var options = Ended(request, folder, new Stop(6, stop), stop.Token);
        var parts = InterchangeTraining.Run(_model, request, folder.File("parts"), options);

        Assert.That(whole.Losses, Has.Length.EqualTo(9));
        Assert.That(whole.HeldOut, Has.Length.EqualTo(3).And.All.EqualTo(whole.HeldOut[0]));
        Assert.That(request.StepsOfMeasures(7), Is.EqualTo(new[] { 3, 6, 9, 12, 15, 18, 20 }));
        Assert.That(parts.Losses, Is.EqualTo(whole.Losses));
        Assert.That(parts.HeldOut, Is.EqualTo(whole.HeldOut));
        var log = TrainingLog.Read(options.Log!);
        Assert.That(log.HeldOut.Select(measure => measure.Step), Is.EqualTo(new[] { 3, 6, 9 }));
    }

    // The accuracy on examples kept aside is that of the file which is written, measured on the same examples.
    [Test]
    public void What_is_held_out_is_measured_as_the_written_model_is()
    {
        using var folder = new TemporaryFolder();
        var request = Request(40, 64) with { MeasureEvery = 20 };
        request = request with { HeldOut = request.Test };

        var result = InterchangeTraining.Run(_model, request, folder.File("trained"));

        Assert.That(result.HeldOut[result.BestMeasure], Is.EqualTo(result.After.All.Interchange.Value).Within(1e-9));
        Assert.That(result.HeldOut.Max(), Is.GreaterThan(result.Before.All.Interchange.Value));
    }

    [Test]
    public void What_a_step_takes_is_told()
    {
        var request = Request(2, 32) with { Weights = [_model.Model.Graph.Initializers.First(IsMatrix).Name] };

        var (one, all) = (
            InterchangeTraining.Explain(_model, request),
            InterchangeTraining.Explain(_model, request with { Weights = [] })
        );

        Assert.That(one.Weights, Has.Length.EqualTo(1));
        // The weight, the sum of its gradients and Adam's two moments.
        Assert.That(one.Bytes, Is.EqualTo(one.Numbers * 16));
        Assert.That(all.Numbers, Is.GreaterThan(one.Numbers));
        Assert.That(one.StepProducts, Is.LessThan(all.StepProducts));
        Assert.That(all.StepProducts, Is.InRange(0.5, 1.5));

        static bool IsMatrix(Value value) => value.Initializer is { Dimensions.Length: 2 };
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_is_written()
    {
        using var folder = new TemporaryFolder();
        var request = Request(2, 32);

        Refuses(request with { Weights = ["none"] }, "'none'");
        Refuses(request with { Place = new InterchangePlace { Positions = [ExamplePosition.At(3)] } }, "no position 3");
        Refuses(request with { Patience = 1 }, "held-out");
        Refuses(request with { HeldOut = _data with { Examples = [] } }, "In the held-out examples", "no examples");
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

    // A training that is ended midway, and what it goes on from.
    private InterchangeTrainingOptions Ended(
        InterchangeTrainingRequest request,
        TemporaryFolder folder,
        Stop progress,
        CancellationToken cancellation
    )
    {
        var options = new InterchangeTrainingOptions
        {
            Checkpoint = folder.File("checkpoint.safetensors"),
            Log = folder.File("log.jsonl"),
        };
        Assert.That(
            () => InterchangeTraining.Run(_model, request, folder.File("parts"), options, progress, cancellation),
            Throws.InstanceOf<OperationCanceledException>()
        );
        return options;
    }

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
