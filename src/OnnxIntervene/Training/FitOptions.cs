using OnnxIntervene.IR;

namespace OnnxIntervene.Training;

/// <summary>How a whole training goes.</summary>
public sealed record FitOptions
{
    /// <summary>How often every example is seen; pyvene's default is 10.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Examples of a batch; the last one of an epoch may have fewer.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Whether every epoch has an order of its own.</summary>
    public bool Shuffles { get; init; } = true;

    /// <summary>What the orders are drawn from.</summary>
    public int Seed { get; init; }

    /// <summary>Examples that accuracy is measured on after every epoch; null for none.</summary>
    public TrainingSet? HeldOut { get; init; }

    /// <summary>
    /// After how many epochs without a better held-out accuracy the training ends; null to see all epochs. With
    /// held-out examples, the parameters of the best epoch are the result.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>
    /// A file that holds where the training stands. A training that finds one of its own goes on from there, bit by
    /// bit; null for none.
    /// </summary>
    public string? Checkpoint { get; init; }

    /// <summary>Steps between checkpoints; one is also written after every epoch.</summary>
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>
    /// A file for one line of JSON a batch, and one after each epoch with held-out examples; null for none.
    /// <see cref="TrainingLog"/> reads it.
    /// </summary>
    public string? Log { get; init; }

    /// <summary>Bytes that what is computed once may take in memory; the rest goes to a temporary file.</summary>
    public long CacheMemory { get; init; } = 1L << 30;

    /// <summary>Hears of every step.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>Throws where a number makes no sense.</summary>
    internal void Check()
    {
        Require(Epochs, 1, "epochs");
        Require(BatchSize, 1, "examples a batch");
        Require(CheckpointEvery, 1, "steps between checkpoints");
        if (Patience is { } patience)
        {
            Require(patience, 1, "epochs of patience");
            if (HeldOut is null)
                throw new InterventionException("Early stopping needs held-out examples. Set FitOptions.HeldOut.");
        }
    }

    private static void Require(int value, int least, string what)
    {
        if (value < least)
            throw new InterventionException($"{value} {what} were asked for; {least} is the least.");
    }
}

/// <summary>How far a training has come.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps of the whole training.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Loss">The last batch's loss.</param>
/// <param name="Accuracy">The last batch's accuracy; null without labels.</param>
/// <param name="HeldOutAccuracy">The last measured held-out accuracy; null before that.</param>
/// <param name="Remaining">How long the rest will take at this pace; null before the pace is known.</param>
public sealed record FitProgress(
    int Step,
    int Steps,
    int Epoch,
    double Loss,
    double? Accuracy,
    double? HeldOutAccuracy,
    TimeSpan? Remaining
);
