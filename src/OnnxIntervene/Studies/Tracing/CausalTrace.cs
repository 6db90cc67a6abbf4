using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Tracing;

/// <summary>Runs causal tracing, every sample of every cell, and computes no more than cells change.</summary>
public static class CausalTrace
{
    /// <summary>
    /// Restores every cell of every target and measures the answer. The result has a grid for each target; a prompt's
    /// cells are ordered by target, layer, position and sample.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is corrupted and restored, and what is measured.</param>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// The noise does not fit the model, or a component does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static GridResult Run(
        LoadedModel model,
        CausalTraceRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    ) => GridStudyRun.Run(Study(model, request), progress, options, cancellation);

    /// <summary>What the trace would take; only the clean and the corrupted runs are made.</summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(
        LoadedModel model,
        CausalTraceRequest request,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    ) => GridStudyRun.Plan(Study(model, request), options, cancellation);

    /// <inheritdoc cref="Patching.PatchSweep.Progress"/>
    public static SweepProgress Progress(
        LoadedModel model,
        CausalTraceRequest request,
        IReadOnlyList<string> journals
    ) => GridStudyRun.Progress(Study(model, request), journals);

    /// <inheritdoc cref="Patching.PatchSweep.Merge"/>
    public static GridResult Merge(LoadedModel model, CausalTraceRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Merge(Study(model, request), journals);

    private static TraceStudy Study(LoadedModel model, CausalTraceRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        return new TraceStudy(model, request);
    }
}
