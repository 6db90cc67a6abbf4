using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Paths;

/// <summary>
/// Patches the paths from each head or feed-forward layer to some receivers, on any number of prompts.
/// </summary>
public static class PathSweep
{
    /// <summary>Patches the path from each sender and reads the metrics at the last token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The senders and receivers, and what is measured.</param>
    /// <param name="progress">Told how many senders are done.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, or a component, a layer or a head does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static GridResult Run(
        LoadedModel model,
        PathSweepRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    ) => GridStudyRun.Run(Study(model, request), progress, options, cancellation);

    /// <summary>
    /// What the sweep would take, beside two runs of the whole model for each sender; only the prompts themselves are
    /// run.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(
        LoadedModel model,
        PathSweepRequest request,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        var plan = GridStudyRun.Plan(Study(model, request), options, cancellation);
        return plan with
        {
            Method = $"{plan.Method}; before that, a run of the whole model for each sender finds what receivers get",
            Rows = plan.Rows + plan.Cells,
            Share = (plan.Share + 1) / 2,
        };
    }

    /// <inheritdoc cref="Patching.PatchSweep.Progress"/>
    public static SweepProgress Progress(LoadedModel model, PathSweepRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Progress(Study(model, request), journals);

    /// <inheritdoc cref="Patching.PatchSweep.Merge"/>
    public static GridResult Merge(LoadedModel model, PathSweepRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Merge(Study(model, request), journals);

    private static PathStudy Study(LoadedModel model, PathSweepRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        return new PathStudy(model, request);
    }
}
