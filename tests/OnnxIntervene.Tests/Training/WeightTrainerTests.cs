using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Tests.Training;

/// <summary>Weights that are trained under interventions: their slopes, and the file that comes of it.</summary>
public sealed class WeightTrainerTests
{
    private static readonly string[] s_below = ["transformer.h.0.mlp.c_proj.weight", "transformer.h.0.mlp.c_fc.bias"];

    // The swap takes the source's value in whole: at the last position of the last layer, nothing of the base is left.
    [TestCase("Vanilla", TestName = "The_loss_falls_as_the_gradient_says_(through_a_swap)")]
    [TestCase("Addition", TestName = "The_loss_falls_as_the_gradient_says_(through_a_sum)")]
    public void The_loss_falls_as_the_gradient_says(string kind)
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.Parse(kind)));
        var batch = TrainingSamples.Set(3).Batch(0, 1, 2);
        using var probe = new WeightTrainer(model, s_below, new TrainingOptions { Optimizer = new Sgd(1e-12) });
        var norm = probe.Step(batch).GradientNorm!.Value;
        var rate = 5e-3 / (norm * norm);
        using var trainer = new WeightTrainer(model, s_below, new TrainingOptions { Optimizer = new Sgd(rate) });

        var (before, after) = (trainer.Step(batch).Loss, trainer.Step(batch).Loss);

        Assert.That(norm, Is.GreaterThan(1e-3));
        Assert.That((before - after) / 5e-3, Is.EqualTo(1).Within(0.05));
    }

    // Two positions, and two heads at a position: in both, the rows of a source are not the units that are read.
    [TestCase("block_output", "pos", TestName = "The_loss_falls_as_the_gradient_says_(through_two_positions)")]
    [TestCase("head_attention_value_output", "h.pos", TestName = "The_loss_falls_as_the_gradient_says_(through_heads)")]
    public void The_loss_falls_as_the_gradient_says_where_units_are_one_row(string component, string unit)
    {
        using var loaded = TrainingSamples.Load();
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
                    Component = component,
                    Unit = unit,
                    MaxNumberOfUnits = 2,
                    InterventionType = InterventionType.LowRankRotatedSpace,
                    LowRankDimension = 3,
                },
            ],
        };
        using var model = loaded.With(config);
        var batch = TrainingSamples.Set(3).Batch(0, 1, 2) with { UnitLocations = Locations(unit) };
        using var probe = new WeightTrainer(model, s_below, new TrainingOptions { Optimizer = new Sgd(1e-12) });
        var norm = probe.Step(batch).GradientNorm!.Value;
        var rate = 1e-3 / (norm * norm);
        using var trainer = new WeightTrainer(model, s_below, new TrainingOptions { Optimizer = new Sgd(rate) });

        var (before, after) = (trainer.Step(batch).Loss, trainer.Step(batch).Loss);

        Assert.That((before - after) / 1e-3, Is.EqualTo(1).Within(0.05));
    }

    // Sources and bases at other units, so that an order mixed up shows.
    private static UnitLocations Locations(string unit) =>
        unit == "pos"
            ? new UnitLocations([UnitLocation.At(1, 4)], [UnitLocation.At(2, 6)])
            : new UnitLocations([UnitLocation.AtHeads([1, 0], 2, 4)], [UnitLocation.AtHeads([0, 1], 3, 6)]);

    [Test]
    public void The_trained_file_is_a_plain_model_with_the_trained_numbers()
    {
        using var folder = new TemporaryFolder();
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.Vanilla));
        var batch = TrainingSamples.Set(4).Batch(0, 1, 2, 3);
        using var trainer = new WeightTrainer(model, options: new TrainingOptions { Optimizer = new Adam(3e-3) });

        var losses = Enumerable.Range(0, 8).Select(_ => trainer.Step(batch).Loss).ToList();
        trainer.Save(folder.File("model.onnx"));
        var last = trainer.Step(batch).Loss;
        using var saved = LoadedModel.Load(folder.File("model.onnx"));
        using var again = saved.With(model.Config);
        using var judge = new WeightTrainer(again);

        Assert.That(losses[^1], Is.LessThan(0.5 * losses[0]));
        Assert.That(judge.Step(batch).Loss, Is.EqualTo(last).Within(1e-4 * losses[0]));
        Assert.That(
            saved.Model.Graph.Inputs.Select(input => input.Name),
            Is.EqualTo(loaded.Model.Graph.Inputs.Select(input => input.Name))
        );
    }

    [Test]
    public void A_weight_that_is_not_there_is_refused()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.Vanilla));

        Assert.That(
            () => new WeightTrainer(model, ["none"]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("'none'")
        );
    }
}
