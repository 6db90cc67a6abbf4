using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>Runs a study, or says what it would take.</summary>
internal static class GridStudyRun
{
    public static GridResult Run(
        GridStudy study,
        IProgress<SweepProgress>? progress,
        SweepOptions? options,
        CancellationToken cancellation
    )
    {
        options ??= new SweepOptions();
        using var runner = new GridRunner(study, options);
        return Recorded(study, options, record => runner.Run(record, progress, cancellation));
    }

    /// <summary>Measures into a record that is kept in the options' journal, where there is one.</summary>
    public static GridResult Recorded(GridStudy study, SweepOptions? options, Func<StudyRecord, GridResult> measure)
    {
        options ??= new SweepOptions();
        if (options.Journal is not { } path)
            return measure(new StudyRecord(study, options.Shard));
        using var journal = CellJournal.Open(path, study, options);
        return measure(journal);
    }

    /// <summary>The result of a study whose cells are in journals.</summary>
    public static GridResult Merge(GridStudy study, IReadOnlyList<string> journals)
    {
        ArgumentNullException.ThrowIfNull(journals);
        return new(study, CellJournal.Merge(journals, study).Results(), SweepPlan.Nothing);
    }

    /// <summary>How many of a study's cells are in journals.</summary>
    public static SweepProgress Progress(GridStudy study, IReadOnlyList<string> journals)
    {
        ArgumentNullException.ThrowIfNull(journals);
        var record = CellJournal.Read(journals, study);
        return new SweepProgress(record.Kept, record.Total);
    }

    public static SweepPlan Plan(GridStudy study, SweepOptions? options, CancellationToken cancellation)
    {
        options ??= new SweepOptions();
        using var runner = new GridRunner(study, options);
        return runner.Plan(new StudyRecord(study, options.Shard), cancellation);
    }
}
