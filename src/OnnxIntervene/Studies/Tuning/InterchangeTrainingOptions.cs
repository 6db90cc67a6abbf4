namespace OnnxIntervene.Studies.Tuning;

/// <summary>What a training of weights leaves on the disk besides its model.</summary>
public sealed record InterchangeTrainingOptions
{
    /// <summary>
    /// A file that holds where the training stands. A training that finds one of its own goes on from there, bit by
    /// bit; null for none.
    /// </summary>
    public string? Checkpoint { get; init; }

    /// <summary>Steps between checkpoints; one is also written where the training is cancelled.</summary>
    public int CheckpointEvery { get; init; } = 50;

    /// <summary>A file for one line of JSON a step; null for none.</summary>
    public string? Log { get; init; }
}
