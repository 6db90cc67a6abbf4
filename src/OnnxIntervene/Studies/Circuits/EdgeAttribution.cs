using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
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
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, the metric has no gradient, an operator has no gradient rule, or the model's
    /// layers are not an attention and then a feed-forward, added to one stream as they are.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static EdgeScores Run(
        LoadedModel model,
        CircuitRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var sites = request.Check(model);
        var scores = Enumerable.Range(0, sites.Graph.EdgeCount).Select(_ => new SampleMean()).ToArray();
        var (clean, corrupt, done) = (new SampleMean(), new SampleMean(), 0);
        using var gradients = new EdgeGradients(model, sites, request.Metric, request.Steps, request.Prompts[0]);
        using var reader = new CircuitReader(model, sites);
        reader.Read(
            request.Prompts,
            (_, streams) =>
            {
                clean.Add(Measured(request.Metric, streams, streams.Logits[0]));
                corrupt.Add(Measured(request.Metric, streams, streams.Logits[1]));
                Add(scores, sites.Graph, streams, gradients.Of(streams, cancellation));
                progress?.Report(new SweepProgress(++done, request.Prompts.Length));
            },
            cancellation
        );
        return new EdgeScores(
            [
                .. sites
                    .Graph.Edges.Zip(scores, (edge, score) => new ScoredEdge(edge, score.Mean, score.StandardError))
                    .OrderByDescending(scored => Math.Abs(scored.Score)),
            ],
            clean,
            corrupt
        );
    }

    /// <summary>A metric of some logits of a prompt.</summary>
    internal static float Measured(Metric metric, PromptStreams streams, ReadOnlySpan<float> logits) =>
        metric.Of(new MetricReading(logits, streams.Logits[0], streams.Prompt));

    private static void Add(SampleMean[] scores, CircuitGraph graph, PromptStreams streams, float[][] gradients)
    {
        for (var receiver = 0; receiver < graph.Receivers.Length; receiver++)
        {
            var first = graph.FirstEdge(receiver);
            for (var sender = 0; sender < graph.Receivers[receiver].Senders; sender++)
                scores[first + sender]
                    .Add(TensorPrimitives.Dot<float>(streams.Differences[sender], gradients[receiver]));
        }
    }
}
