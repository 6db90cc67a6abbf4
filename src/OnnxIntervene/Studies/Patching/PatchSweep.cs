using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Patching;

/// <summary>
/// Runs activation patching over layers and positions, heads or both, on any number of prompts, and computes no more
/// than cells change.
/// </summary>
public static class PatchSweep
{
    /// <summary>Patches every cell and reads the metrics at the last token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is patched, and what is measured.</param>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, or the component, a layer or a position does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static GridResult Run(
        LoadedModel model,
        PatchSweepRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    ) => GridStudyRun.Run(Study(model, request), progress, options, cancellation);

    /// <summary>What the sweep would take; only the prompts themselves are run.</summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(
        LoadedModel model,
        PatchSweepRequest request,
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
    public static SweepProgress Progress(
        LoadedModel model,
        PatchSweepRequest request,
        IReadOnlyList<string> journals
    ) => GridStudyRun.Progress(Study(model, request), journals);

    /// <summary>The result of shards that were run apart, from their journals; nothing is run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The same request as the shards had.</param>
    /// <param name="journals">The files that <see cref="SweepOptions.Journal"/> named.</param>
    /// <exception cref="InterventionException">
    /// A journal is of another request, or the journals together do not hold every cell.
    /// </exception>
    /// <exception cref="IOException">A journal cannot be read.</exception>
    public static GridResult Merge(LoadedModel model, PatchSweepRequest request, IReadOnlyList<string> journals) =>
        GridStudyRun.Merge(Study(model, request), journals);

    private static PatchStudy Study(LoadedModel model, PatchSweepRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        return new PatchStudy(model, request);
    }
}
