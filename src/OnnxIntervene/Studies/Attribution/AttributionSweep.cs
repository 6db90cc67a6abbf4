using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>
/// Attribution patching (Nanda 2023): what activation patching would measure, to first order. Each cell is the metric
/// of the run that is patched plus (what is put in − what is there) · gradient, so that one run back and two forward
/// serve every layer, position, component and head of a prompt. With steps, the gradient is the mean over the way from
/// what is there to what is put in (integrated gradients, Sundararajan et al. 2017, arXiv:1703.01365; of components as
/// in Marks et al. 2024, arXiv:2403.19647): a component's cells then sum to what patching the whole of it does.
/// </summary>
public static class AttributionSweep
{
    /// <summary>Estimates the metrics of every cell that <see cref="Patching.PatchSweep"/> would run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What would be patched.</param>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="options">Which part is run here, and where cells are kept.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, a component, a layer or a position does not exist, a metric has no gradient, or
    /// an operator has no gradient rule.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static GridResult Run(
        LoadedModel model,
        AttributionRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        var study = Study(model, request);
        using var runner = new AttributionRunner(study);
        return GridStudyRun.Recorded(study, options, record => runner.Run(record, progress, cancellation));
    }

    /// <summary>What the sweep would take; nothing is run.</summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(LoadedModel model, AttributionRequest request, SweepOptions? options = null)
    {
        var study = Study(model, request);
        using var runner = new AttributionRunner(study);
        return runner.Plan(new StudyRecord(study, (options ?? new SweepOptions()).Shard));
    }

    /// <inheritdoc cref="Patching.PatchSweep.Progress"/>
    public static SweepProgress Progress(
        LoadedModel model,
        AttributionRequest request,
        IReadOnlyList<string> journals
    ) => GridStudyRun.Progress(Study(model, request), journals);

    /// <inheritdoc cref="Patching.PatchSweep.Merge"/>
    public static GridResult Merge(LoadedModel model, AttributionRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Merge(Study(model, request), journals);

    private static AttributionStudy Study(LoadedModel model, AttributionRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        return new AttributionStudy(model, request);
    }
}
