using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Training;

/// <summary>
/// What a training wrote into its log (<see cref="FitOptions.Log"/>), a JSON object a line: one for each batch,
/// <c>{"epoch": 0, "batch": 3, "step": 4, "loss": 0.7, "accuracy": 0.5, "gradient_norm": 1.2}</c>, and one after each
/// epoch that accuracy was measured on held-out examples, <c>{"epoch": 0, "step": 20, "held_out_accuracy": 0.9}</c>.
/// </summary>
public sealed record TrainingLog
{
    private const string HeldOutAccuracy = "held_out_accuracy";

    /// <summary>The batches, in order; at least one.</summary>
    public required ImmutableArray<TrainingLogBatch> Batches { get; init; }

    /// <summary>What was measured on held-out examples, in order; empty where nothing was held out.</summary>
    public required ImmutableArray<TrainingLogMeasure> HeldOut { get; init; }

    /// <summary>Reads a log; that of a training that is running, too.</summary>
    /// <exception cref="ModelFormatException">It is none, or has no batch yet.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TrainingLog Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var lines = JsonLines
            .Read(path, FileLimits.Text)
            .Select(line => JsonText.Parse(line.Text, JsonSource.File(line.Name)).WithObject("a batch of a training"))
            .ToList();
        var log = new TrainingLog
        {
            Batches = [.. lines.Where(line => !IsMeasure(line)).Select(Batch)],
            HeldOut = [.. lines.Where(IsMeasure).Select(Measure)],
        };
        return log.Batches.IsEmpty
            ? throw new ModelFormatException($"'{path}' is no log of a training: it has no batches.")
            : log;
    }

    private static bool IsMeasure(JsonPlace line) => line.Find(HeldOutAccuracy) is not null;

    private static TrainingLogBatch Batch(JsonPlace line) =>
        new(line["epoch"].Integer(0), line["batch"].Integer(0), line["step"].Integer(0), line["loss"].Number())
        {
            Accuracy = line.Find("accuracy")?.Number(),
            GradientNorm = line.Find("gradient_norm")?.Number(),
        };

    private static TrainingLogMeasure Measure(JsonPlace line) =>
        new(line["epoch"].Integer(0), line["step"].Integer(0), line[HeldOutAccuracy].Number());
}

/// <summary>A batch of a training.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Batch">The batch of the epoch, from 0.</param>
/// <param name="Step">How many steps had moved the parameters after it.</param>
/// <param name="Loss">Its loss.</param>
public sealed record TrainingLogBatch(int Epoch, int Batch, int Step, double Loss)
{
    /// <summary>The share of right examples, 0 to 1; null without labels.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The norm of the step's gradient; null where the batch moved nothing.</summary>
    public double? GradientNorm { get; init; }
}

/// <summary>What was measured on held-out examples.</summary>
/// <param name="Epoch">The epoch after which it was measured, from 0.</param>
/// <param name="Step">How many steps had moved the parameters.</param>
/// <param name="Accuracy">The share of right examples, 0 to 1.</param>
public sealed record TrainingLogMeasure(int Epoch, int Step, double Accuracy);
