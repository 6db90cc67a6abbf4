using System.Collections.Immutable;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>What a study with cells measured: every number of every prompt, and grids of their means.</summary>
public sealed class GridResult
{
    private readonly GridStudy _study;

    internal GridResult(GridStudy study, ImmutableArray<PromptResult> prompts, SweepPlan plan) =>
        (_study, Prompts, Plan) = (study, prompts, plan);

    /// <summary>What was measured on each prompt.</summary>
    public ImmutableArray<PromptResult> Prompts { get; }

    /// <summary>What the study took.</summary>
    public SweepPlan Plan { get; }

    /// <summary>The grids.</summary>
    public ImmutableArray<GridLayout> Layouts => _study.Layouts;

    /// <summary>What was measured.</summary>
    public ImmutableArray<Metric> Metrics => _study.Metrics;

    /// <summary>What the runs after each prompt's clean one are.</summary>
    public CorruptRuns CorruptRuns => _study.CorruptRuns;

    /// <summary>A metric of the clean runs over prompts.</summary>
    public SampleMean Clean(int metric = 0) => SampleMean.Of(Prompts.Select(prompt => prompt.Clean(metric)));

    /// <summary>A metric of the corrupt runs over prompts.</summary>
    public SampleMean Corrupt(int metric = 0) => SampleMean.Of(Prompts.Select(prompt => prompt.Corrupt(metric)));

    /// <summary>A metric after each cell's intervention, over prompts.</summary>
    /// <param name="grid">The number of the grid.</param>
    /// <param name="metric">The number of the metric.</param>
    public StudyGrid Of(int grid, int metric = 0) => Of(grid, metric, relative: false);

    /// <summary>
    /// How far each cell's intervention goes from the corrupt to the clean runs: (metric − corrupt) / (clean −
    /// corrupt), of means over prompts: 0 changes nothing, 1 restores the clean run.
    /// </summary>
    public StudyGrid Denoised(int grid, int metric = 0)
    {
        var (clean, corrupt) = (Clean(metric).Mean, Corrupt(metric).Mean);
        return Of(grid, metric).Scaled(corrupt, clean - corrupt);
    }

    /// <summary>
    /// How far each cell's intervention goes from the clean to the corrupt runs: (metric − clean) / (clean − corrupt),
    /// of means over prompts: 0 changes nothing, −1 breaks all that the corrupt prompt breaks.
    /// </summary>
    public StudyGrid Noised(int grid, int metric = 0)
    {
        var (clean, corrupt) = (Clean(metric).Mean, Corrupt(metric).Mean);
        return Of(grid, metric).Scaled(clean, clean - corrupt);
    }

    /// <summary>How far each cell's intervention moves a metric from the clean runs, the mean over prompts.</summary>
    public StudyGrid Changed(int grid, int metric = 0) => Of(grid, metric, relative: true);

    /// <summary>
    /// For each prompt, how far each place's intervention moves a metric from one of the prompt's runs, row by row.
    /// </summary>
    internal ImmutableArray<ImmutableArray<double>> Effects(int grid, int metric, int run) =>
        [
            .. Enumerable
                .Range(0, Prompts.Length)
                .Select(prompt =>
                {
                    var effects = new double[Layouts[grid].Count];
                    foreach (var (place, value) in MeansOf(prompt, grid, metric))
                        effects[(place.Row * Layouts[grid].Columns.Length) + place.Column] =
                            value - Prompts[prompt].Baselines[run][metric];
                    return effects.ToImmutableArray();
                }),
        ];

    private StudyGrid Of(int grid, int metric, bool relative)
    {
        var means = new GridMeans(Layouts[grid]);
        for (var prompt = 0; prompt < Prompts.Length; prompt++)
        {
            var offset = relative ? Prompts[prompt].Clean(metric) : 0;
            foreach (var (place, value) in MeansOf(prompt, grid, metric))
                means.Add(place.Row, place.Column, value - offset);
        }

        return means.ToGrid();
    }

    // The cells of one place are averaged.
    private IEnumerable<(GridPlace Place, double Value)> MeansOf(int prompt, int grid, int metric)
    {
        var sums = new Dictionary<GridPlace, SampleMean>();
        for (var cell = 0; cell < _study.CellsIn(prompt); cell++)
        {
            var place = _study.PlaceOf(prompt, cell);
            if (place.Grid != grid)
                continue;
            if (!sums.TryGetValue(place, out var sum))
                sums.Add(place, sum = new SampleMean());
            sum.Add(Prompts[prompt].Values.Span[(cell * Metrics.Length) + metric]);
        }

        return sums.Select(item => (item.Key, item.Value.Mean));
    }
}
