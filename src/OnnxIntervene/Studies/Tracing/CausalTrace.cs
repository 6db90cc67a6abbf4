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

    /// <summary>
    /// Checks a request, and counts the cells that journals hold of it, complete or not; nothing is run.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The request.</param>
    /// <param name="journals">
    /// The files that <see cref="SweepOptions.Journal"/> named; none for the check alone.
    /// </param>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, or a journal is of another one.
    /// </exception>
    /// <exception cref="IOException">A journal cannot be read.</exception>
    public static SweepProgress Progress(LoadedModel model, CausalTraceRequest request, IReadOnlyList<string> journals)
    {
        ArgumentNullException.ThrowIfNull(journals);
        return GridStudyRun.Progress(Study(model, request), journals);
    }

    /// <summary>The result of shards that were run apart, from their journals; nothing is run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The same request as the shards had.</param>
    /// <param name="journals">The files that <see cref="SweepOptions.Journal"/> named.</param>
    /// <exception cref="InterventionException">
    /// A journal is of another request, or the journals together do not hold every cell.
    /// </exception>
    /// <exception cref="IOException">A journal cannot be read.</exception>
    public static GridResult Merge(LoadedModel model, CausalTraceRequest request, IReadOnlyList<string> journals)
    {
        ArgumentNullException.ThrowIfNull(journals);
        return GridStudyRun.Merge(Study(model, request), journals);
    }

    private static TraceStudy Study(LoadedModel model, CausalTraceRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        return new TraceStudy(model, request);
    }
}
