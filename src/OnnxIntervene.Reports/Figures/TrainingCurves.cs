using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Training;

namespace OnnxIntervene.Reports.Figures;

/// <summary>Draws how trainings went: their losses, and the accuracy that they reached.</summary>
public static class TrainingCurves
{
    private const int MostPoints = 100;

    /// <summary>
    /// The losses of trainings, a line each, as far as the shortest goes. Long ones are drawn as means over stretches.
    /// </summary>
    /// <param name="trainings">Each training's name and the loss of each of its batches.</param>
    /// <exception cref="ArgumentException">There is no training, or one has no losses.</exception>
    public static LinePlot Loss(params IReadOnlyList<(string Name, ImmutableArray<double> Losses)> trainings)
    {
        ArgumentNullException.ThrowIfNull(trainings);
        if (trainings.Count == 0 || trainings.Any(training => training.Losses.IsDefaultOrEmpty))
            throw new ArgumentException(
                "Losses are drawn of one training at least, of one batch each.",
                nameof(trainings)
            );
        var stretches = Stretches.Of(trainings.Min(training => training.Losses.Length));
        return new LinePlot
        {
            Title = "Loss while training",
            Axis = "Batch",
            AxisLabels = stretches.Labels,
            ValueLabel = "cross entropy",
            Series = [.. trainings.Select(training => new LineSeries(training.Name, stretches.Means(training.Losses)))],
        };
    }

    /// <summary>The losses of a training's log.</summary>
    public static LinePlot Loss(TrainingLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        return Loss(("loss", [.. log.Batches.Select(batch => batch.Loss)]));
    }

    /// <summary>
    /// The accuracy on training examples and on held-out ones, epoch by epoch; without held-out ones as
    /// <see cref="Loss(TrainingLog)"/>. Null where the log has neither.
    /// </summary>
    public static LinePlot? Accuracy(TrainingLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        var batches = log.Batches.Where(batch => batch.Accuracy is not null).ToList();
        return !log.HeldOut.IsEmpty ? ByEpoch(log, batches)
            : batches.Count > 0 ? ByStretch([.. batches.Select(batch => batch.Accuracy!.Value)])
            : null;
    }

    /// <summary>The accuracy of trainings on held-out examples, a line each; some may have ended earlier.</summary>
    /// <param name="steps">How many steps there were before each measuring of the longest.</param>
    /// <param name="trainings">Each training's name, and what was measured.</param>
    public static LinePlot HeldOut(
        ImmutableArray<int> steps,
        params IReadOnlyList<(string Name, ImmutableArray<double> Accuracies)> trainings
    )
    {
        ArgumentNullException.ThrowIfNull(trainings);
        return Plot(
            "Step",
            [.. steps.Select(step => step.ToString(CultureInfo.InvariantCulture))],
            [.. trainings.Select(training => new LineSeries(training.Name, Padded(training.Accuracies, steps.Length)))]
        ) with
        {
            Title = "Accuracy on held-out examples while training",
        };
    }

    private static ImmutableArray<double> Padded(ImmutableArray<double> numbers, int length) =>
        [.. numbers, .. Enumerable.Repeat(double.NaN, length - numbers.Length)];

    private static LinePlot ByEpoch(TrainingLog log, List<TrainingLogBatch> batches)
    {
        var epochs = Enumerable.Range(0, log.HeldOut.Max(measure => measure.Epoch) + 1).ToList();
        var heldOut = log.HeldOut.ToLookup(measure => measure.Epoch, measure => measure.Accuracy);
        var training = batches.ToLookup(batch => batch.Epoch, batch => batch.Accuracy!.Value);
        return Plot(
            "Epoch",
            [.. epochs.Select(epoch => (epoch + 1).ToString(CultureInfo.InvariantCulture))],
            [Line("held out", heldOut), .. batches.Count > 0 ? [Line("training", training)] : Array.Empty<LineSeries>()]
        );

        LineSeries Line(string name, ILookup<int, double> accuracies) =>
            new(name, [.. epochs.Select(epoch => accuracies[epoch].DefaultIfEmpty(double.NaN).Average())]);
    }

    private static LinePlot ByStretch(ImmutableArray<double> accuracies)
    {
        var stretches = Stretches.Of(accuracies.Length);
        return Plot("Batch", stretches.Labels, [new LineSeries("training", stretches.Means(accuracies))]);
    }

    private static LinePlot Plot(string axis, ImmutableArray<string> labels, ImmutableArray<LineSeries> series) =>
        new()
        {
            Title = "Accuracy while training",
            Axis = axis,
            AxisLabels = labels,
            ValueLabel = "accuracy",
            Series = series,
        };

    /// <summary>
    /// Stretches of one length, which a series is averaged over; what is left at the end is not drawn.
    /// </summary>
    private sealed record Stretches(int Length, int Count)
    {
        /// <summary>What each stretch ends with, counted from 1.</summary>
        public ImmutableArray<string> Labels =>
            [
                .. Enumerable
                    .Range(1, Count)
                    .Select(stretch => (stretch * Length).ToString(CultureInfo.InvariantCulture)),
            ];

        /// <summary>The stretches of a series.</summary>
        public static Stretches Of(int count)
        {
            var length = (count + MostPoints - 1) / MostPoints;
            return new Stretches(length, count / length);
        }

        /// <summary>The mean of each stretch.</summary>
        public ImmutableArray<double> Means(ImmutableArray<double> numbers) =>
            [.. Enumerable.Range(0, Count).Select(stretch => numbers.Skip(stretch * Length).Take(Length).Average())];
    }
}
