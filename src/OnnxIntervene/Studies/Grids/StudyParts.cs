namespace OnnxIntervene.Studies.Grids;

/// <summary>The parts in which a study is computed and kept.</summary>
internal sealed record StudyParts
{
    /// <summary>Tells the study from others (<see cref="StudyIdentity"/>); asked for where it is kept.</summary>
    public required Func<string> Identity { get; init; }

    /// <summary>How many prompts it has.</summary>
    public required int Prompts { get; init; }

    /// <summary>The numbers of a prompt's parts are below this.</summary>
    public required int PartsOfPrompt { get; init; }

    /// <summary>How many numbers a part has.</summary>
    public required Func<int, int> LengthOf { get; init; }

    /// <summary>How many parts there are in all, for those who look how far the study is.</summary>
    public required int Count { get; init; }
}
