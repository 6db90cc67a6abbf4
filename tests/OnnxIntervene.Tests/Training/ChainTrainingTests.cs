using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Artifacts;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Tests.Training;

/// <summary>Trainings whose sources form a chain: what one of them computed is written into the next run.</summary>
public sealed class ChainTrainingTests
{
    private static readonly TrainingOptions s_options = new() { Optimizer = new Sgd(0.01) };
    private static readonly string[] s_weights = ["transformer.h.0.mlp.c_proj.weight"];

    [Test]
    public void The_loss_is_that_of_a_run_forward()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(Config(InterventionType.LowRankRotatedSpace));
        using var trainer = new Trainer(model);
        var batch = Set(3).Batch(0, 1, 2);

        var loss = trainer.Gradients(batch).Loss;

        using var result = model.Run(batch.Bases, batch.Sources, batch.UnitLocations);
        var logits = result.Intervened.Logits;
        var expected = Enumerable
            .Range(0, 3)
            .Average(row =>
            {
                var last = logits.Row(row).Row(logits.Shape[1] - 1).Floats.ToArray();
                return Math.Log(last.Sum(logit => Math.Exp(logit))) - last[batch.Loss.Targets!.Integers[row]];
            });
        Assert.That(loss, Is.EqualTo(expected).Within(1e-4));
    }

    [Test]
    public void Fit_does_what_a_loop_of_steps_does()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(Config(InterventionType.LowRankRotatedSpace));
        var set = Set(6);
        using var looped = new Trainer(model, s_options with { KeepsEveryLayers = 1 });
        using var fitted = new Trainer(model, s_options);

        var result = TrainingSamples.FitsAsALoop(looped, fitted, set);

        Assert.That(result.Losses[^2], Is.LessThan(result.Losses[0]));
        Assert.That(fitted.Evaluate(set).Loss, Is.EqualTo(looped.Evaluate(set).Loss).Within(2e-4));
        var first = fitted.Interventions[0].Parameters["rotate_layer.weight"].Floats;
        var started = model.Interventions[0].Parameters["rotate_layer.weight"].Floats;
        Assert.That(Testing.Difference.Largest(first, started), Is.GreaterThan(0.01), "the first stage did not move");
    }

    // The base from layer 2 on, the second source from layer 0 on; what is read of the first source is kept.
    [Test]
    public void What_is_kept_of_an_example_is_told()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(Config(InterventionType.RotatedSpace));
        using var trainer = new Trainer(model);

        var explanation = trainer.Explain(Set(2));

        Assert.That(explanation.BytesPerExample, Is.EqualTo(((2 * 7 * 32) + 32) * 4));
        Assert.That(explanation.StepProducts, Is.InRange(0.1, 0.9));
    }

    [Test]
    public void Weights_are_trained_through_a_chain()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(Config(InterventionType.Vanilla));
        var batch = Set(3).Batch(0, 1, 2);
        using var probe = new WeightTrainer(model, s_weights, new TrainingOptions { Optimizer = new Sgd(1e-12) });
        var norm = probe.Step(batch).GradientNorm!.Value;
        var rate = 2e-3 / (norm * norm);
        using var trainer = new WeightTrainer(model, s_weights, new TrainingOptions { Optimizer = new Sgd(rate) });

        var (before, after) = (trainer.Step(batch).Loss, trainer.Step(batch).Loss);

        Assert.That(norm, Is.GreaterThan(1e-3));
        Assert.That((before - after) / 2e-3, Is.EqualTo(1).Within(0.05));
    }

    // Layer 2 is written where layer 0 is read: the first can change nothing.
    [Test]
    public void A_parameter_that_changes_nothing_of_the_next_source_is_refused()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(Config(InterventionType.LowRankRotatedSpace, first: 2, second: 0));
        using var trainer = new Trainer(model);

        Assert.That(
            () => trainer.Step(Set(1).Batch(0)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("does not depend on")
        );
    }

    [Test]
    public void A_function_after_what_is_trained_is_refused()
    {
        using var loaded = TrainingSamples.Load();
        var config = Config(InterventionType.LowRankRotatedSpace);
        config = config with
        {
            Mode = InterventionMode.Parallel,
            Representations =
            [
                config.Representations[0],
                config.Representations[1] with
                {
                    InterventionType = InterventionType.Lambda,
                    Intervention = new LambdaIntervention(values => values.Base),
                },
            ],
        };
        using var model = loaded.With(config);
        using var trainer = new Trainer(model);

        Assert.That(
            () => trainer.Step(Set(1).Batch(0)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no gradient passes")
        );
        Assert.That(
            () => new WeightTrainer(model),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no gradient passes")
        );
    }

    [Test]
    public void A_chain_is_not_written_as_artifacts()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(Config(InterventionType.LowRankRotatedSpace));

        Assert.That(
            () => TrainingArtifacts.OfInterventions(model, UnitLocations.SourcesToBase(3)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("chain")
        );
    }

    private static IntervenableConfig Config(InterventionType type, int first = 0, int second = 2) =>
        new()
        {
            Mode = InterventionMode.Serial,
            Representations =
            [
                .. new[] { first, second }.Select(layer => new RepresentationConfig
                {
                    Layer = layer,
                    Component = "block_output",
                    InterventionType = type,
                    LowRankDimension = type == InterventionType.LowRankRotatedSpace ? 3 : null,
                }),
            ],
        };

    // The right answer is told by the first source's token at the position that all of them are intervened on at.
    private static TrainingSet Set(int count)
    {
        var random = new Random(5);
        return new TrainingSet(
            Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    var (text, first, second) = (Text(random), Text(random), Text(random));
                    ImmutableArray<ModelInputs?> sources =
                    [
                        ModelInputs.FromTokens(first),
                        ModelInputs.FromTokens(second),
                    ];
                    return new TrainingExample(ModelInputs.FromTokens(text), sources, first[6] % 4)
                    {
                        UnitLocations = UnitLocations.SourcesToBase(6),
                    };
                })
                .ToList()
        );
    }

    private static int[] Text(Random random) => [.. Enumerable.Range(0, 7).Select(_ => random.Next(101))];
}
