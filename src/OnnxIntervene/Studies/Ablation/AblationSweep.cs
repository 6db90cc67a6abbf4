using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Ablation;

/// <summary>Ablates one component, head or position at a time on any number of prompts.</summary>
public static class AblationSweep
{
    /// <summary>Ablates every cell and reads the metrics at the last token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is ablated, and what is measured.</param>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other or the kind of ablation, or a component, a layer or a position does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static GridResult Run(
        LoadedModel model,
        AblationRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    ) => GridStudyRun.Run(Study(model, request), progress, options, cancellation);

    /// <summary>What the sweep would take; only the prompts themselves are run.</summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(
        LoadedModel model,
        AblationRequest request,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    ) => GridStudyRun.Plan(Study(model, request), options, cancellation);

    /// <inheritdoc cref="Patching.PatchSweep.Progress"/>
    public static SweepProgress Progress(LoadedModel model, AblationRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Progress(Study(model, request), journals);

    /// <inheritdoc cref="Patching.PatchSweep.Merge"/>
    public static GridResult Merge(LoadedModel model, AblationRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Merge(Study(model, request), journals);

    private static AblationStudy Study(LoadedModel model, AblationRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        return new AblationStudy(model, request);
    }
}
