using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Edge attribution patching (Syed et al. 2023, arXiv:2310.10348), and with steps its integrated form (EAP-IG, Hanna et
/// al. 2024, arXiv:2403.17806): a score for every edge from the embedding, a head or a feed-forward to a head's query,
/// key or value, a feed-forward or the logits. It is (what the sender adds in the corrupt run − what it adds in the
/// clean one) · the gradient of the metric by the stream as this reader alone sees it, summed over positions.
/// </summary>
public static class EdgeAttribution
{
    /// <summary>Scores every edge: both runs of each prompt are read, and one is gone back.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts and the metric.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="journal">Where prompts that are done are kept; null to keep none.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, the metric has no gradient, an operator has no gradient rule, the model's layers
    /// are not an attention and a feed-forward, added to one stream, or the journal is of another
    /// study.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static EdgeScores Run(
        LoadedModel model,
        CircuitRequest request,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var sites = request.Check(model);
        var sums = new EdgeSums(request, sites.Graph);
        using var kept = PartJournal.Open(journal, sums.PartsIn(model), sums.Add);
        int[] missing = kept.Missing();
        if (missing.Length > 0)
            Run(model, request, sites, missing, kept, progress, cancellation);
        return sums.ToScores();
    }

    /// <summary>A metric of some logits of a prompt.</summary>
    internal static float Measured(Metric metric, PromptStreams streams, ReadOnlySpan<float> logits) =>
        metric.Of(new MetricReading(logits, streams.Logits[0], streams.Prompt));

    private static void Run(
        LoadedModel model,
        CircuitRequest request,
        CircuitSites sites,
        int[] missing,
        PartJournal kept,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        var done = request.Prompts.Length - missing.Length;
        using var gradients = new EdgeGradients(model, sites, request.Metric, request.Steps, request.Prompts[0]);
        using var reader = new CircuitReader(model, sites);
        reader.Read(
            [.. missing.Select(prompt => request.Prompts[prompt])],
            (index, streams) =>
            {
                Keep(missing[index], streams, gradients.Of(streams, cancellation));
                progress?.Report(new SweepProgress(++done, request.Prompts.Length));
            },
            cancellation
        );

        void Keep(int prompt, PromptStreams streams, float[][] gradientOf)
        {
            float[] runs =
            [
                Measured(request.Metric, streams, streams.Logits[0]),
                Measured(request.Metric, streams, streams.Logits[1]),
            ];
            kept.Keep(prompt, EdgeSums.Runs, runs);
            for (var receiver = 0; receiver < sites.Graph.Receivers.Length; receiver++)
                kept.Keep(
                    prompt,
                    EdgeSums.PartOf(receiver),
                    Scores(streams, sites.Graph.Receivers[receiver].Senders, gradientOf[receiver])
                );
        }
    }

    private static float[] Scores(PromptStreams streams, int senders, float[] gradient) =>
        [
            .. Enumerable
                .Range(0, senders)
                .Select(sender => TensorPrimitives.Dot<float>(streams.Differences[sender], gradient)),
        ];
}
