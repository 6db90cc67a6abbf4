namespace OnnxIntervene.Studies.Alignment;

/// <summary>How an interchange accuracy is measured.</summary>
public sealed record InterchangeOptions
{
    /// <summary>How many examples run together at most.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>What random rotations are drawn from; null to leave random subspaces out.</summary>
    public uint? RandomSeed { get; init; } = 0;
}
