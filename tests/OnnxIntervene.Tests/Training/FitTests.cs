using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Tests.Training;

/// <summary>Whole trainings: what they reach, what they keep, and how they go on.</summary>
public sealed class FitTests
{
    private static readonly TrainingOptions s_options = new() { Optimizer = new Adam(0.02) };
    private static readonly (int Epoch, int Step)[] s_epochEnds = [(0, 2), (1, 4), (2, 6)];

    [TestCase(null, TestName = "Fit_does_what_a_loop_of_steps_does_(square)")]
    [TestCase(3, TestName = "Fit_does_what_a_loop_of_steps_does_(tall)")]
    public void Fit_does_what_a_loop_of_steps_does(int? rank)
    {
        var kind = rank is null ? InterventionType.RotatedSpace : InterventionType.LowRankRotatedSpace;
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(kind, rank));
        var set = TrainingSamples.Set(10);
        using var looped = new Trainer(model, s_options);
        using var fitted = new Trainer(model, s_options);

        var result = TrainingSamples.FitsAsALoop(looped, fitted, set);

        Assert.That(result.Losses[^1], Is.LessThan(result.Losses[2]));
        Assert.That(result.Steps, Is.EqualTo(9));
    }

    [Test]
    public void Examples_may_differ_in_how_many_units_they_have()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.SigmoidMask));
        var set = new TrainingSet(
            TrainingSamples
                .Set(10)
                .Examples.Select(
                    (example, index) =>
                        example with
                        {
                            UnitLocations = UnitLocations.SourcesToBase(
                                index % 3 == 0 ? UnitLocation.At(1, 3) : UnitLocation.At(3)
                            ),
                        }
                )
        );
        using var looped = new Trainer(model, s_options);
        using var fitted = new Trainer(model, s_options);

        TrainingSamples.FitsAsALoop(looped, fitted, set);
    }

    [Test]
    public void What_is_kept_on_the_disk_is_what_is_kept_in_memory()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.LowRankRotatedSpace, 2));
        var set = TrainingSamples.Set(8);

        var losses = new[] { 1L << 20, 0 }.Select(memory =>
        {
            using var trainer = new Trainer(model, s_options);
            return trainer.Fit(
                set,
                new FitOptions
                {
                    Epochs = 2,
                    BatchSize = 4,
                    CacheMemory = memory,
                }
            );
        });

        Assert.That(losses.Select(result => result.Losses).Distinct(new SameNumbers()).Count(), Is.EqualTo(1));
    }

    [TestCase(OrthogonalMap.MatrixExponential)]
    [TestCase(OrthogonalMap.Cayley)]
    public void A_training_that_was_ended_goes_on_bit_by_bit(OrthogonalMap map)
    {
        using var folder = new TemporaryFolder();
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        var set = TrainingSamples.Set(12);
        var options = s_options with { OrthogonalMap = map, GradientAccumulation = 2 };
        var whole = new FitOptions
        {
            Epochs = 3,
            BatchSize = 3,
            Seed = 4,
            HeldOut = TrainingSamples.Set(6, 9),
            CheckpointEvery = 1,
        };
        using var unbroken = new Trainer(model, options);
        var expected = unbroken.Fit(set, whole);

        var file = folder.File("training.safetensors");
        var broken = whole with { Checkpoint = file, Log = folder.File("training.jsonl") };
        using (var first = new Trainer(model, options))
        {
            using var stop = new CancellationTokenSource();
            var progress = new Stop(5, stop);
            Assert.That(
                () => first.Fit(set, broken with { Progress = progress }, stop.Token),
                Throws.InstanceOf<OperationCanceledException>()
            );
        }

        using var second = new Trainer(model, options);
        var result = second.Fit(set, broken);

        Assert.That(result.Losses, Is.EqualTo(expected.Losses));
        Assert.That(result.HeldOutAccuracies, Is.EqualTo(expected.HeldOutAccuracies));
        Assert.That(Weights(second), Is.EqualTo(Weights(unbroken)));
        var log = TrainingLog.Read(folder.File("training.jsonl"));
        Assert.That(log.Batches.Select(batch => batch.Loss), Is.EqualTo(expected.Losses));
        Assert.That(log.Batches.Select(batch => batch.Accuracy), Is.EqualTo(expected.Accuracies));
        Assert.That(log.HeldOut.Select(measure => measure.Accuracy), Is.EqualTo(expected.HeldOutAccuracies));
        Assert.That(log.HeldOut.Select(measure => (measure.Epoch, measure.Step)), Is.EqualTo(s_epochEnds));
    }

    [TestCase("", "no batches")]
    [TestCase("{\"epoch\": 0}\n", "batch")]
    [TestCase("[1]\n", "a batch of a training")]
    [TestCase("{\"epoch\": 0, \"batch\": 0, \"step\": 1, \"loss\": \"low\"}\n", "loss")]
    public void A_file_that_is_no_log_is_refused(string text, string reason)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("log.jsonl"), text);

        Assert.That(
            () => TrainingLog.Read(folder.File("log.jsonl")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(reason)
        );
    }

    [Test]
    public void A_checkpoint_of_another_training_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.LowRankRotatedSpace, 1));
        var options = new FitOptions { Epochs = 1, Checkpoint = folder.File("training.safetensors") };
        using var first = new Trainer(model, s_options);
        first.Fit(TrainingSamples.Set(4), options);
        using var second = new Trainer(model, s_options);

        Assert.That(
            () => second.Fit(TrainingSamples.Set(4, 2), options),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another training")
        );
    }

    [Test]
    public void Early_stopping_keeps_the_best_epochs_parameters()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model, new TrainingOptions { Optimizer = new Adam(0.05) });
        var held = TrainingSamples.Set(12, 7);

        var result = trainer.Fit(
            TrainingSamples.Set(12),
            new FitOptions
            {
                Epochs = 40,
                BatchSize = 6,
                HeldOut = held,
                Patience = 2,
            }
        );

        Assert.That(result.EndedEarly, Is.True);
        Assert.That(result.HeldOutAccuracies, Has.Length.EqualTo(result.BestEpoch + 3));
        Assert.That(trainer.Evaluate(held).Accuracy, Is.EqualTo(result.HeldOutAccuracies[result.BestEpoch]));
    }

    [Test]
    public void The_trained_model_runs_and_is_saved_as_any_other()
    {
        using var folder = new TemporaryFolder();
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model, s_options);
        var set = TrainingSamples.Set(6);
        trainer.Fit(set, new FitOptions { Epochs = 2, BatchSize = 3 });
        using var trained = trainer.ToModel();
        trained.Save(folder.Path);
        using var again = loaded.With(OnnxIntervene.Interventions.Files.InterventionFolder.Load(folder.Path));
        var batch = set.Batch(0, 1);

        var before = model.Run(batch.Bases, batch.Sources, batch.UnitLocations).Intervened.Logits.Floats.ToArray();
        var direct = trained.Run(batch.Bases, batch.Sources, batch.UnitLocations).Intervened.Logits.Floats.ToArray();
        var loadedAgain = again.Run(batch.Bases, batch.Sources, batch.UnitLocations).Intervened.Logits.Floats.ToArray();

        Assert.That(loadedAgain, Is.EqualTo(direct).Within(1e-5));
        Assert.That(before.Zip(direct, (left, right) => Math.Abs(left - right)).Max(), Is.GreaterThan(0));
    }

    [Test]
    public void What_cannot_be_trained_is_refused_before_the_first_step()
    {
        using var loaded = TrainingSamples.Load();
        using var plain = loaded.With(TrainingSamples.Config(InterventionType.Vanilla));
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model);
        var batch = TrainingSamples.Set(2).Batch(0, 1);

        Assert.That(() => new Trainer(plain), Throws.TypeOf<InterventionException>().With.Message.Contains("Vanilla"));
        Assert.That(
            () =>
                trainer.Step(
                    batch.Bases,
                    batch.Sources,
                    NumericArray.Of(new long[] { 1, 101 }, 2),
                    batch.UnitLocations
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("0 to 100")
        );
        Assert.That(
            () => trainer.Step(batch with { Loss = batch.Loss with { Output = "none" } }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no output 'none'")
        );
        Assert.That(
            () =>
                new TrainingSet([
                    TrainingSamples.Set(1).Examples[0],
                    TrainingSamples.Set(1).Examples[0] with
                    {
                        Base = ModelInputs.FromTokens([1, 2]),
                    },
                ]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("Example 1")
        );
    }

    private static float[] Weights(Trainer trainer) =>
        trainer.Interventions[0].Parameters["rotate_layer.weight"].Floats.ToArray();

    private sealed class Stop(int batches, CancellationTokenSource source) : IProgress<FitProgress>
    {
        private int _seen;

        public void Report(FitProgress value)
        {
            if (++_seen == batches)
                source.Cancel();
        }
    }

    private sealed class SameNumbers : IEqualityComparer<System.Collections.Immutable.ImmutableArray<double>>
    {
        public bool Equals(
            System.Collections.Immutable.ImmutableArray<double> x,
            System.Collections.Immutable.ImmutableArray<double> y
        ) => x.SequenceEqual(y);

        public int GetHashCode(System.Collections.Immutable.ImmutableArray<double> obj) => obj.Length;
    }
}
