using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// Where a study keeps what it has computed of each prompt, so that one that was ended, in whatever way, goes on where
/// it was.
/// </summary>
/// <param name="Path">The file; it and its folder are made with the first thing that is kept.</param>
public sealed record StudyJournal(string Path)
{
    /// <summary>The command that runs the study, which the file names; empty where there is none.</summary>
    public ImmutableArray<string> Command
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];
}
