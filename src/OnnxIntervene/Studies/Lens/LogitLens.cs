using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Runs the logit lens. The model's graph is cut after its last layer, and that part computes the logits of every
/// layer's stream: whatever norm, unembedding, cap or quantisation the file has is used as it is.
/// </summary>
public static class LogitLens
{
    /// <summary>Reads every layer's stream and computes its logits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts, and what is measured.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="journal">Where prompts that are done are kept; null to keep none.</param>
    /// <param name="cancellation">Ends the study early.</param>
    /// <exception cref="InterventionException">
    /// A prompt lacks what a metric or a position needs, the model cannot be cut after its last layer, the last layer's
    /// lens is not what the model itself computes, or the journal is of another study.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The study was cancelled.</exception>
    public static LogitLensResult Run(
        LoadedModel model,
        LogitLensRequest request,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        StudyRequirements.Check(model, request.Prompts, request.Metrics);
        var columns = request.Positions.ColumnsOf(request.Prompts);
        var streams = LensStreams.Of(model.Components);
        using var head = LensHead.Open(model);
        var reading = new LensReading(request, columns, streams, head);
        using var kept = PartJournal.Open(
            journal,
            reading.PartsIn(model),
            (prompt, _, numbers) => reading.Add(prompt, numbers)
        );
        using var reader = new ComponentReader(model, streams, readsLogits: true);
        reader.ReadSome(
            request.Prompts,
            kept.Missing(),
            item => kept.Keep(item.Prompt, 0, reading.Measure(item, cancellation)),
            progress,
            cancellation
        );
        return reading.ToResult();
    }
}
