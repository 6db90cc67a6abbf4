namespace OnnxIntervene.Sweeps;

/// <summary>What a sweep's runs take, beside one run of the whole model for each cell.</summary>
public sealed record SweepPlan
{
    /// <summary>How cells are run, in words.</summary>
    public required string Method { get; init; }

    /// <summary>Why whole models are run; null where the model is cut at its layers.</summary>
    public string? Obstacle { get; init; }

    /// <summary>How many cells there are.</summary>
    public required int Cells { get; init; }

    /// <summary>How many of them are run; the others cannot differ from their base's run.</summary>
    public required int Rows { get; init; }

    /// <summary>How often a session runs, besides the bases' own runs.</summary>
    public required int Runs { get; init; }

    /// <summary>Multiplications by weights, in parts of one run of the whole model for each cell.</summary>
    public required double Share { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Cells} cells, {Rows} of them run, in {Runs} runs of sessions, {Share:P1} of the multiplications of "
        + $"{Cells} runs of the model: {Method}{(Obstacle is null ? "" : $" ({Obstacle})")}";
}
