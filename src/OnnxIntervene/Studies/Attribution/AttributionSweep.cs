using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>
/// Attribution patching (Nanda 2023): what activation patching would measure, to first order. Each cell is the metric
/// of the run that is patched plus (what is put in − what is there) · gradient, so that one run back and two forward
/// serve every layer, position, component and head of a prompt.
/// </summary>
public static class AttributionSweep
{
    // Both prompts forward, and the patched one forward and back.
    private const int RunsOfPrompt = 3;

    /// <summary>Estimates the metric of every cell that <see cref="PatchSweep"/> would run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What would be patched; the metric is the logit difference.</param>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, a component, a layer or a position does not exist, the metric is another one, or
    /// an operator has no gradient rule.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static GridResult Run(
        LoadedModel model,
        PatchSweepRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var study = new PatchStudy(model, request);
        if (request.Metrics is not [var metric] || metric != Metric.LogitDifference)
            throw new InterventionException(
                $"Attribution patching differentiates the {Metric.LogitDifference.Title}, and no other metric."
            );
        using var session = GradientSession.Open(
            model,
            LossOf(request.Prompts[0]),
            new GradientTargets { Components = study.Sites }
        );
        var results = ImmutableArray.CreateBuilder<PromptResult>();
        var total = Enumerable.Range(0, request.Prompts.Length).Sum(study.CellsIn);
        for (var prompt = 0; prompt < request.Prompts.Length; prompt++)
        {
            results.Add(Result(study, session, request, prompt, cancellation));
            progress?.Report(new SweepProgress(results.Sum(result => result.Values.Length), total));
        }

        study.Check(results.ToImmutable());
        return new GridResult(study, results.ToImmutable(), PlanOf(total, request.Prompts.Length));
    }

    /// <summary>
    /// How well a sweep's estimates agree with what was measured: Pearson's correlation over the cells of a grid, of
    /// means over prompts; NaN where either is the same in every cell.
    /// </summary>
    /// <param name="estimated">What <see cref="Run"/> gave.</param>
    /// <param name="measured">What <see cref="PatchSweep"/> gave for the same request.</param>
    /// <param name="grid">The number of the grid.</param>
    public static double Correlation(GridResult estimated, GridResult measured, int grid)
    {
        ArgumentNullException.ThrowIfNull(estimated);
        ArgumentNullException.ThrowIfNull(measured);
        var pairs = estimated
            .Of(grid)
            .Mean.Values.ToArray()
            .Zip(measured.Of(grid).Mean.Values.ToArray(), (left, right) => (Left: (double)left, Right: (double)right))
            .ToList();
        var (left, right) = (pairs.Average(pair => pair.Left), pairs.Average(pair => pair.Right));
        var together = pairs.Sum(pair => (pair.Left - left) * (pair.Right - right));
        var apart = pairs.Sum(pair => Square(pair.Left - left)) * pairs.Sum(pair => Square(pair.Right - right));
        return together / Math.Sqrt(apart);
    }

    private static double Square(double number) => number * number;

    private static SweepPlan PlanOf(int cells, int prompts) =>
        new()
        {
            Method = "gradients of each prompt, for all cells at once",
            Cells = cells,
            Rows = 0,
            Runs = RunsOfPrompt * prompts,
            Share = cells == 0 ? 0 : (double)RunsOfPrompt * prompts / cells,
            Memory = 0,
        };

    private static LogitDifferenceLoss LossOf(StudyPrompt prompt) =>
        new(Number(prompt.Answer!.Value, 1), Number(prompt.Wrong!.Value, 1))
        {
            Positions = prompt.MetricPosition is { } position ? Number(position, 1, 1) : null,
        };

    private static NumericArray Number(long number, params ReadOnlySpan<int> shape) =>
        NumericArray.Of(new[] { number }, shape);

    private static PromptResult Result(
        PatchStudy study,
        GradientSession session,
        PatchSweepRequest request,
        int number,
        CancellationToken cancellation
    )
    {
        var prompt = request.Prompts[number];
        ModelInputs[] inputs = [prompt.Inputs, prompt.Corrupt!];
        RunResult[] runs = [.. inputs.Select(input => Collect(study, input, cancellation))];
        var logits = runs.Select(run => run.Intervened.LogitsAt(0, prompt.MetricPosition ?? -1)).ToList();
        var (to, from) = PatchWays.Of(request.Direction);
        var gradients = session.Run(inputs[to], LossOf(prompt), cancellation);
        var scores = study
            .Sites.Select(
                (site, index) =>
                    UnitScores.Of(
                        study.Model.Components.Get(site).Layout,
                        gradients.Components[site],
                        runs[from].Collected[index],
                        runs[to].Collected[index]
                    )
            )
            .ToList();
        var metrics = logits.Select(row => row.Span[prompt.Answer!.Value] - row.Span[prompt.Wrong!.Value]).ToList();
        return new PromptResult
        {
            Baselines = [.. metrics.Select(metric => ImmutableArray.Create(metric))],
            Tops = [.. logits.Select(row => TopAnswer.Of(row.Span))],
            Values = Enumerable
                .Range(0, study.CellsIn(number))
                .Select(cell => metrics[to] + study.UnitsOf(number, cell).Sum(unit => scores[unit.Site][unit.Unit]))
                .ToArray(),
        };
    }

    private static RunResult Collect(PatchStudy study, ModelInputs inputs, CancellationToken cancellation)
    {
        using var model = study.Model.With(
            new IntervenableConfig
            {
                Representations =
                [
                    .. study.Sites.Select(site => new RepresentationConfig
                    {
                        Layer = site.Layer,
                        Component = site.FullName,
                        InterventionType = InterventionType.Collect,
                    }),
                ],
            }
        );
        return model.Run(inputs, cancellation: cancellation);
    }
}
