using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Training;

namespace OnnxIntervene.Reports.Tests;

/// <summary>Pictures of trainings.</summary>
public sealed class TrainingCurvesTests
{
    [Test]
    public void Long_trainings_are_drawn_as_means_over_stretches()
    {
        var plot = TrainingCurves.Loss(
            ("a", [.. Enumerable.Range(0, 250).Select(number => (double)number)]),
            ("b", [.. Enumerable.Repeat(2.0, 300)])
        );

        Assert.That(plot.AxisLabels, Has.Length.EqualTo(83));
        Assert.That(plot.AxisLabels[^1], Is.EqualTo("249"));
        Assert.That(plot.Series[0].Values[1], Is.EqualTo(4).Within(1e-12));
        Assert.That(plot.Series[1].Values, Is.All.EqualTo(2));
    }

    [Test]
    public void Accuracy_is_drawn_by_epoch_where_something_is_held_out()
    {
        var plot = TrainingCurves.Accuracy(Log([new(0, 2, 0.5), new(1, 4, 0.75)]))!;

        Assert.That(plot.AxisLabels, Is.EqualTo(new[] { "1", "2" }));
        Assert.That(plot.Series.Select(series => series.Name), Is.EqualTo(new[] { "held out", "training" }));
        Assert.That(plot.Series[0].Values, Is.EqualTo(new[] { 0.5, 0.75 }));
        Assert.That(plot.Series[1].Values, Is.EqualTo(new[] { 0.25, 0.75 }));
        Assert.That(FigureImage.Render(plot), Has.Length.GreaterThan(1000));
    }

    [Test]
    public void Accuracy_is_drawn_by_batch_where_nothing_is_held_out()
    {
        var plot = TrainingCurves.Accuracy(Log([]))!;

        Assert.That(plot.Axis, Is.EqualTo("Batch"));
        Assert.That(plot.Series.Single().Values, Is.EqualTo(new[] { 0, 0.5, 0.5, 1 }));
    }

    [Test]
    public void A_training_without_losses_is_no_picture() =>
        Assert.That(() => TrainingCurves.Loss(("a", [])), Throws.ArgumentException);

    private static TrainingLog Log(IEnumerable<TrainingLogMeasure> heldOut) =>
        new()
        {
            Batches =
            [
                new(0, 0, 1, 2) { Accuracy = 0 },
                new(0, 1, 2, 1) { Accuracy = 0.5 },
                new(1, 0, 3, 1) { Accuracy = 0.5 },
                new(1, 1, 4, 0.5) { Accuracy = 1 },
            ],
            HeldOut = [.. heldOut],
        };
}
