using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// Runs the cells of a study: prompts of one length share sweeps, as many as memory allows; every prompt's own runs are
/// seen before any cell is run.
/// </summary>
internal sealed class GridRunner(GridStudy study, SweepOptions options) : IDisposable
{
    private const int MostBases = 32;
    private SweepEngine? _engine;
    private PromptGroup? _opened;

    /// <summary>Measures what a record lacks.</summary>
    public GridResult Run(StudyRecord record, IProgress<SweepProgress>? progress, CancellationToken cancellation)
    {
        var groups = Groups(record);
        RunBases(groups, record, cancellation);
        var work = groups.Select(group => (Group: group, Cells: Cells(group, record))).ToList();
        var (plan, total) = (SweepPlan.Nothing, record.Total);
        var done = total - work.Sum(part => part.Cells.Count);
        foreach (var (group, cells) in work.Where(part => part.Cells.Count > 0))
        {
            var part = new PartProgress(progress, done, total);
            plan = plan.With(Run(group, cells, record, part, cancellation));
            done += cells.Count;
            record.Flush();
        }

        return new GridResult(study, record.Results(), plan);
    }

    /// <summary>What measuring takes; the prompts' own runs are made.</summary>
    public SweepPlan Plan(StudyRecord record, CancellationToken cancellation)
    {
        var groups = Groups(record);
        RunBases(groups, record, cancellation);
        var plan = SweepPlan.Nothing;
        foreach (var group in groups)
        {
            var engine = Open(group, cancellation);
            plan = plan.With(engine.Plan([.. Cells(group, record).Select(cell => CellOf(group, engine, cell))]));
        }

        return plan;
    }

    /// <inheritdoc/>
    public void Dispose() => _engine?.Dispose();

    private void RunBases(ImmutableArray<PromptGroup> groups, StudyRecord record, CancellationToken cancellation)
    {
        foreach (var group in groups)
        {
            var engine = Open(group, cancellation);
            foreach (var prompt in group.Prompts)
            {
                var bases = BasesOf(group, engine, prompt);
                record.Keep(prompt, Measure(bases, prompt));
                study.Observe(bases, prompt);
            }
        }

        study.Check([.. record.Results().Where(result => !result.Baselines.IsEmpty)]);
    }

    private SweepPlan Run(
        PromptGroup group,
        List<(int Prompt, int Cell)> cells,
        StudyRecord record,
        PartProgress progress,
        CancellationToken cancellation
    )
    {
        var engine = Open(group, cancellation);
        var values = new float[study.Metrics.Length];
        foreach (var prompt in group.Prompts)
            study.Prepare(BasesOf(group, engine, prompt), prompt, cancellation);
        var plan = engine.Run(
            [.. cells.Select(cell => CellOf(group, engine, cell))],
            (number, logits) =>
            {
                var (prompt, cell) = cells[number];
                var clean = BasesOf(group, engine, prompt).LogitsOf(0);
                Read(new MetricReading(logits, clean, study.Prompts[prompt]), values);
                record.Keep(prompt, cell, values);
            },
            progress,
            cancellation
        );
        foreach (var prompt in group.Prompts)
            study.Forget(prompt);
        return plan;
    }

    private Baselines Measure(PromptBases bases, int prompt)
    {
        var metrics = ImmutableArray.CreateBuilder<ImmutableArray<float>>();
        for (var index = 0; index < bases.Count; index++)
        {
            var values = new float[study.Metrics.Length];
            Read(new MetricReading(bases.LogitsOf(index), bases.LogitsOf(0), study.Prompts[prompt]), values);
            metrics.Add([.. values]);
        }

        return new Baselines(metrics.ToImmutable(), study.TopsOf(bases));
    }

    private void Read(MetricReading reading, float[] values)
    {
        for (var metric = 0; metric < values.Length; metric++)
            values[metric] = study.Metrics[metric].Of(reading);
    }

    private static List<(int Prompt, int Cell)> Cells(PromptGroup group, StudyRecord record) =>
        [.. group.Prompts.SelectMany(prompt => record.Missing(prompt).Select(cell => (prompt, cell)))];

    private SweepCell CellOf(PromptGroup group, SweepEngine engine, (int Prompt, int Cell) item)
    {
        var bases = BasesOf(group, engine, item.Prompt);
        var cell = study.CellOf(bases, item.Prompt, item.Cell);
        return cell with { Base = bases.First + cell.Base };
    }

    private static PromptBases BasesOf(PromptGroup group, SweepEngine engine, int prompt)
    {
        var (first, count) = group.BasesOf(prompt);
        return new PromptBases(engine.Bases, first, count, engine.Grids);
    }

    // The sweep that was opened last is kept, which is the only one where prompts are few.
    private SweepEngine Open(PromptGroup group, CancellationToken cancellation)
    {
        if (_engine is { } engine && _opened == group)
            return engine;
        _engine?.Dispose();
        _engine = null;
        var setting = new SweepSetting(study.Model, group.Bases, study.Sites)
        {
            MetricPosition = study.Prompts[group.Prompts[0]].MetricPosition,
            CountsQueries = study.CountsQueries,
            Tokens = study.Metrics.All(metric => metric.ReadsAnswersAlone) ? Answers(group) : [],
        };
        _engine = SweepEngine.Open(setting, options, Answers(group).AsSpan(), cancellation);
        _opened = group;
        return _engine;
    }

    private ImmutableArray<int> Answers(PromptGroup group) =>
        [.. group.Prompts.SelectMany(prompt => study.Prompts[prompt].Answers).Distinct()];

    private ImmutableArray<PromptGroup> Groups(StudyRecord record)
    {
        var all = Enumerable.Range(0, study.Prompts.Length).ToList();
        var missing = all.Where(prompt => record.Missing(prompt).Any()).ToList();
        return
        [
            .. (study.NeedsAll && missing.Count > 0 ? all : missing)
                .GroupBy(prompt => (study.Prompts[prompt].Inputs.RowShape, study.Prompts[prompt].MetricPosition))
                .SelectMany(group => Chunks([.. group])),
        ];
    }

    private IEnumerable<PromptGroup> Chunks(List<int> prompts)
    {
        var group = PromptGroup.Empty;
        foreach (var prompt in prompts)
        {
            var bases = study.BasesOf(prompt);
            if (group.Bases.Length + bases.Length > MostBases && !group.Prompts.IsEmpty)
            {
                yield return group;
                group = PromptGroup.Empty;
            }

            group = group.With(prompt, bases);
        }

        yield return group;
    }
}
