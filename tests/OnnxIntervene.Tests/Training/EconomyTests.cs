using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Training;

namespace OnnxIntervene.Tests.Training;

/// <summary>What trainings save does not change their numbers.</summary>
public sealed class EconomyTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void What_is_computed_twice_gives_the_same_gradients(int every)
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.LowRankRotatedSpace, 3, layer: 0));
        var batch = TrainingSamples.Set(4).Batch(0, 1, 2, 3);
        using var plain = new Trainer(model);
        using var trainer = new Trainer(model, new TrainingOptions { KeepsEveryLayers = every });

        var (expected, own) = (plain.Gradients(batch), trainer.Gradients(batch));

        Assert.That(own.Loss, Is.EqualTo(expected.Loss).Within(1e-5));
        Assert.That(trainer.Explain(TrainingSamples.Set(1)).RepeatedNodes, every == 0 ? Is.Zero : Is.Positive);
        Assert.That(
            own.Parameters[0].Gradient.Floats.ToArray(),
            Is.EqualTo(expected.Parameters[0].Gradient.Floats.ToArray()).Within(1e-5)
        );
    }

    [Test]
    public void What_is_kept_of_an_example_is_told()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace, layer: 2));
        using var trainer = new Trainer(model);

        var explanation = trainer.Explain(TrainingSamples.Set(2));

        // [position, width] of the base, and the source's unit, in 32-bit floats.
        Assert.That(explanation.Kept, Has.Length.EqualTo(1));
        Assert.That(explanation.BytesPerExample, Is.EqualTo(((7 * 32) + 32) * 4));
        Assert.That(explanation.StepProducts, Is.InRange(0.05, 0.5));
        Assert.That(explanation.ReadsAnswersOnly, Is.True);
        Assert.That(explanation.RepeatedNodes, Is.Zero);
    }
}
