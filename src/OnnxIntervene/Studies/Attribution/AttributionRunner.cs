using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>
/// Estimates the cells of a study prompt by prompt: what both runs hold is read, then gradients are taken.
/// </summary>
internal sealed class AttributionRunner(AttributionStudy study) : IDisposable
{
    // Both prompts forward; the patched one forward and back, which is two.
    private const int RunsRead = 2;
    private const int PassesOfGradient = 2;

    private readonly List<PromptGradients> _gradients = [];

    /// <summary>Estimates what a record lacks.</summary>
    public GridResult Run(StudyRecord record, IProgress<SweepProgress>? progress, CancellationToken cancellation)
    {
        int[] missing = [.. Enumerable.Range(0, study.Prompts.Length).Where(prompt => record.Missing(prompt).Any())];
        if (missing.Length > 0)
            Run(missing, record, progress, cancellation);
        var results = record.Results();
        study.Check([.. results.Where(result => !result.Baselines.IsEmpty)]);
        return new GridResult(study, results, Plan(missing, record.Total));
    }

    /// <summary>What estimating takes.</summary>
    public SweepPlan Plan(StudyRecord record) =>
        Plan(
            [.. Enumerable.Range(0, study.Prompts.Length).Where(prompt => record.Missing(prompt).Any())],
            record.Total
        );

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var gradients in _gradients)
            gradients.Dispose();
    }

    private SweepPlan Plan(int[] prompts, int cells)
    {
        var sites = study.Sites.Distinct().Count();
        long points = prompts.Length * (study.Steps == 0 ? 1L : (long)sites * study.Steps);
        var runs = prompts.Sum(prompt =>
            study.Steps == 0
                ? 1
                : sites * (int)Math.Ceiling((double)study.Steps / PromptGradients.RowsOf(study, study.Prompts[prompt]))
        );
        var passes = (RunsRead * prompts.Length) + (PassesOfGradient * points * study.Metrics.Length);
        return new SweepPlan
        {
            Method =
                study.Steps == 0
                    ? "gradients of each prompt, for all cells at once"
                    : $"gradients of each prompt and component at {study.Steps} points",
            Cells = cells,
            Rows = 0,
            Runs = (RunsRead * prompts.Length) + (runs * study.Metrics.Length),
            Share = cells == 0 ? 0 : (double)passes / cells,
            Memory = 0,
        };
    }

    private void Run(
        int[] prompts,
        StudyRecord record,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        foreach (var metric in study.Metrics)
            _gradients.Add(PromptGradients.Open(study, metric));
        using var reader = new ComponentReader(study.Model, study.Sites, readsLogits: true);
        var (total, done) = (record.Total, record.Kept);
        reader.ReadPairs(
            [.. prompts.Select(prompt => study.Prompts[prompt])],
            pair =>
            {
                done += Estimate(prompts[pair.Prompt], pair, record, cancellation);
                progress?.Report(new SweepProgress(done, total));
            },
            cancellation
        );
    }

    private int Estimate(int number, PromptPair pair, StudyRecord record, CancellationToken cancellation)
    {
        var prompt = study.Prompts[number];
        var logits = pair.Logits(prompt, study.Model.Model.Graph.Outputs[0].Name);
        PromptReading[] runs = [pair.Clean, pair.Corrupt];
        var baselines = Measure(prompt, logits);
        var differences = Enumerable
            .Range(0, study.Sites.Length)
            .Select(site => Difference(runs[study.From].Values[site], runs[study.To].Values[site]))
            .ToImmutableArray();
        var scores = _gradients
            .Select(gradients => gradients.Scores(prompt, logits[0], differences, cancellation))
            .ToList();
        record.Keep(number, baselines);
        var cells = record.Missing(number).ToList();
        foreach (var cell in cells)
        {
            var units = study.UnitsOf(number, cell).ToList();
            record.Keep(
                number,
                cell,
                [
                    .. scores.Select(
                        (sites, metric) =>
                            baselines.Metrics[study.To][metric] + units.Sum(unit => sites[unit.Site][unit.Unit])
                    ),
                ]
            );
        }

        record.Flush();
        return cells.Count;
    }

    private Baselines Measure(StudyPrompt prompt, float[][] logits) =>
        new(
            [
                .. logits.Select(own =>
                    study
                        .Metrics.Select(metric => metric.Of(new MetricReading(own, logits[0], prompt)))
                        .ToImmutableArray()
                ),
            ],
            [.. logits.Select(own => TopAnswer.Of(own))]
        );

    private static NumericArray Difference(NumericArray from, NumericArray to)
    {
        var difference = new float[from.Length];
        TensorPrimitives.Subtract(from.Floats, to.Floats, difference);
        return NumericArray.Of(difference, [.. from.Shape]);
    }
}
