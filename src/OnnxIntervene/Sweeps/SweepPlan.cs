namespace OnnxIntervene.Sweeps;

/// <summary>What a sweep's runs take, beside one run of the whole model for each cell.</summary>
public sealed record SweepPlan
{
    /// <summary>How cells are run, in words.</summary>
    public required string Method { get; init; }

    /// <summary>Why whole models are run; null where the model is cut at its layers.</summary>
    public string? Obstacle { get; init; }

    /// <summary>
    /// Why the layers that the model is cut into are not divided around their attention; null where they are, and where
    /// whole models are run.
    /// </summary>
    public string? WholeLayers { get; init; }

    /// <summary>How many cells there are.</summary>
    public required int Cells { get; init; }

    /// <summary>How many of them are run; the others cannot differ from their base's run.</summary>
    public required int Rows { get; init; }

    /// <summary>How often a session runs, besides the bases' own runs.</summary>
    public required int Runs { get; init; }

    /// <summary>Multiplications by weights, in parts of one run of the whole model for each cell.</summary>
    public required double Share { get; init; }

    /// <summary>
    /// Bytes that the largest run's rows and what is kept of the prompts' own runs take; an estimate.
    /// </summary>
    public required long Memory { get; init; }

    /// <summary>The plan of no cells.</summary>
    internal static SweepPlan Nothing { get; } =
        new()
        {
            Method = "nothing is run",
            Cells = 0,
            Rows = 0,
            Runs = 0,
            Share = 0,
            Memory = 0,
        };

    /// <summary>This plan, and another one after it.</summary>
    internal SweepPlan With(SweepPlan next) =>
        Cells == 0
            ? next
            : this with
            {
                Cells = Cells + next.Cells,
                Rows = Rows + next.Rows,
                Runs = Runs + next.Runs,
                Share = ((Share * Cells) + (next.Share * next.Cells)) / Math.Max(1, Cells + next.Cells),
                Memory = Math.Max(Memory, next.Memory),
                Obstacle = Obstacle ?? next.Obstacle,
                WholeLayers = WholeLayers ?? next.WholeLayers,
            };

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Cells} cells, {Rows} of them run, in {Runs} runs of sessions, {Share:P1} of the multiplications of "
        + $"{Cells} runs of the model: {Method}{((Obstacle ?? WholeLayers) is { } why ? $" ({why})" : "")}";
}
