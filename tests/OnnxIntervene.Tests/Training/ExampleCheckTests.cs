using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Tests.Training;

/// <summary>Every example of a training is checked before its first step, and named.</summary>
public sealed class ExampleCheckTests
{
    private const int Wrong = 6;

    private static readonly IEnumerable<TestCaseData> s_mistakes =
    [
        Mistake("label", example => example with { Label = 101, Origin = "line 7" }, "line 7 (example 6)", "0 to 100"),
        Mistake("position", example => example with { UnitLocations = At(9) }, "Example 6", "no position 9"),
    ];

    private static readonly IEnumerable<TestCaseData> s_otherForms =
    [
        Mistake(
            "everywhere",
            example => example with { UnitLocations = UnitLocations.Everywhere },
            "everywhere",
            "units"
        ),
        Mistake(
            "anchored",
            example => example with { UnitLocations = UnitLocations.SourcesToBase(UnitLocation.Unpadded) },
            "Example 6",
            "All"
        ),
        Mistake("subspaces", example => example with { Subspaces = Subspaces.Of(1) }, "Example 6", "subspaces"),
    ];

    [TestCaseSource(nameof(s_mistakes))]
    public void An_example_that_does_not_fit_is_named_before_the_first_step(
        Func<TrainingExample, TrainingExample> change,
        string name,
        string reason
    )
    {
        var (right, wrong) = (TrainingSamples.Set(8), new TrainingSet(Changed(change)));

        Refused(wrong, null, name, reason);
        Refused(right, wrong, $"In the held-out examples: {name}", reason);
    }

    [TestCaseSource(nameof(s_otherForms))]
    public void Examples_have_places_of_one_form(
        Func<TrainingExample, TrainingExample> change,
        string name,
        string reason
    ) =>
        Assert.That(
            () => new TrainingSet(Changed(change)),
            Throws.TypeOf<InterventionException>().With.Message.Contains(name).And.Message.Contains(reason)
        );

    [Test]
    public void A_loss_that_is_not_finite_is_told_with_its_step_and_examples()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model, new TrainingOptions { Optimizer = new Sgd(1e38) });

        Assert.That(
            () => trainer.Fit(TrainingSamples.Set(8), new FitOptions { BatchSize = 3, Shuffles = false }),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("Step 2, batch 1 of epoch 0")
                .And.Message.Contains("Example 3 and 2 more of 3 examples: The loss is NaN")
        );
    }

    [Test]
    public void A_step_of_a_loop_of_ones_own_tells_the_step_and_the_rows()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model, new TrainingOptions { Optimizer = new Sgd(1e38) });
        using var weights = new WeightTrainer(model, ["transformer.ln_f.weight"], new() { Optimizer = new Sgd(1e38) });
        var set = TrainingSamples.Set(4);

        foreach (var step in new[] { trainer.Step, (Step)weights.Step })
        {
            step(set.Batch(0));
            Assert.That(
                () => step(set.Batch(0, 1, 2, 3)),
                Throws
                    .TypeOf<InterventionException>()
                    .With.Message.StartsWith("Step 2, row 0 and 3 more of the batch's 4: The loss is NaN")
            );
            Assert.That(
                () => step(set.Batch(3)),
                Throws.TypeOf<InterventionException>().With.Message.StartsWith("Step 2, row 0 of the batch: The loss")
            );
        }
    }

    private delegate StepResult Step(TrainingBatch batch, CancellationToken cancellation = default);

    [Test]
    public void A_checkpoint_of_another_model_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var loaded = TrainingSamples.Load();
        var config = TrainingSamples.Config(InterventionType.LowRankRotatedSpace, 1);
        using var model = loaded.With(config);
        var file = folder.File("model.onnx");
        using (var weights = new WeightTrainer(model, ["transformer.wpe.weight"]))
            weights.Save(file);
        var options = new FitOptions { Epochs = 1, Checkpoint = folder.File("training.safetensors") };
        Fit(file);
        using (var weights = new WeightTrainer(model, ["transformer.wpe.weight"]))
        {
            weights.Step(TrainingSamples.Set(2).Batch(0, 1));
            weights.Save(file);
        }

        Assert.That(() => Fit(file), Throws.TypeOf<InterventionException>().With.Message.Contains("another training"));

        void Fit(string path)
        {
            using var other = OnnxIntervene.Execution.LoadedModel.Load(path);
            using var intervened = other.With(config);
            using var trainer = new Trainer(intervened);
            trainer.Fit(TrainingSamples.Set(4), options);
        }
    }

    private static void Refused(TrainingSet set, TrainingSet? heldOut, string name, string reason)
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model);
        Assert.That(
            () => trainer.Fit(set, new FitOptions { BatchSize = 3, HeldOut = heldOut }),
            Throws.TypeOf<InterventionException>().With.Message.StartsWith(name).And.Message.Contains(reason)
        );
        Assert.That(trainer.StepCount, Is.Zero);
    }

    private static IEnumerable<TrainingExample> Changed(Func<TrainingExample, TrainingExample> change) =>
        TrainingSamples.Set(8).Examples.Select((example, index) => index == Wrong ? change(example) : example);

    private static UnitLocations At(int position) => UnitLocations.SourcesToBase(position);

    private static TestCaseData Mistake(
        string what,
        Func<TrainingExample, TrainingExample> change,
        string name,
        string reason
    ) => new TestCaseData(change, name, reason).SetArgDisplayNames(what);
}
