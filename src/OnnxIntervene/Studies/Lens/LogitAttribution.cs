using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Runs direct logit attribution. What is attributed is proved on every prompt: the parts must sum to the stream, and
/// what they add to the model's own logit.
/// </summary>
public static class LogitAttribution
{
    /// <summary>Reads every part of the stream and tells what it adds to the answers' logits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="journal">Where prompts that are done are kept; null to keep none.</param>
    /// <param name="cancellation">Ends the study early.</param>
    /// <exception cref="InterventionException">
    /// A prompt lacks an answer or the position, or the model's logits are no sum of parts: its norms follow additions,
    /// its stream is scaled, or its head is not a norm with a linear map after it. The message says which. Or the
    /// journal is of another study.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The study was cancelled.</exception>
    public static LogitAttributionResult Run(
        LoadedModel model,
        LogitAttributionRequest request,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var metric =
            !request.Prompts.IsDefault && request.Prompts.Any(prompt => prompt.Wrong is not null)
                ? Metric.LogitDifference
                : Metric.Logit;
        StudyRequirements.Check(model, request.Prompts, [metric]);
        var columns = request.Position.ColumnsOf(request.Prompts);
        if (columns.Length != 1)
            throw new InterventionException(
                $"Logits are attributed at one position of each prompt; {columns.Length} are given."
            );
        LensStreams.Of(model.Components);
        using var sites = AttributionSites.Open(model);
        using var head = LensHead.Open(model, sites.BeforeCap);
        var sums = new AttributionSums(request, columns[0], sites);
        var run = new AttributionRun(request, columns[0], sites, head, sums.Layout);
        using var kept = PartJournal.Open(journal, sums.PartsIn(model), (prompt, _, numbers) => sums.Add(numbers));
        using var reader = new ComponentReader(model, sites.Addresses, readsLogits: true);
        reader.ReadSome(request.Prompts, kept.Missing(), Attribute, progress, cancellation);
        return sums.ToResult();

        void Attribute(PromptReading reading)
        {
            var (numbers, fault) = run.Of(reading, withHeads: sums.WhyNoHeads is null, cancellation);
            if (fault is null)
                kept.Keep(reading.Prompt, 0, numbers);
            else
                sums.AddWithoutHeads(numbers, fault);
        }
    }
}
