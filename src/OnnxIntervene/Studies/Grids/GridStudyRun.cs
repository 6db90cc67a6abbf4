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
        return runner.Run(new StudyRecord(study, options.Shard), progress, cancellation);
    }

    public static SweepPlan Plan(GridStudy study, SweepOptions? options, CancellationToken cancellation)
    {
        options ??= new SweepOptions();
        using var runner = new GridRunner(study, options);
        return runner.Plan(new StudyRecord(study, options.Shard), cancellation);
    }
}
