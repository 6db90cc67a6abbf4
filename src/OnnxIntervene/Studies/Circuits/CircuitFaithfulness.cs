using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Measures circuits by runs: every edge outside is patched with what its sender adds in the corrupt run, every edge
/// inside carries what its sender adds then. No estimate is used.
/// </summary>
public static class CircuitFaithfulness
{
    private const double Tolerance = 1e-3;
    private const double Growth = 1.5;
    private const int Fewest = 4;

    /// <summary>Measures circuits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts and the metric; they may be others than those that gave the scores.</param>
    /// <param name="circuits">The circuits.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, or the model's layers are not an attention and then a feed-forward, added to one
    /// stream as they are.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static ImmutableArray<CircuitMeasurement> Measure(
        LoadedModel model,
        CircuitRequest request,
        ImmutableArray<Circuit> circuits,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var sites = request.Check(model);
        var edges = sites.Graph.Edges.ToList();
        var kept = circuits.Select(circuit => Marks(circuit, edges)).ToList();
        var found = circuits.Select(_ => new SampleMean()).ToList();
        var (clean, corrupt, done) = (new SampleMean(), new SampleMean(), 0);
        using var reader = new CircuitReader(model, sites);
        using var runs = new CircuitRuns(model, sites, reader);
        reader.Read(
            request.Prompts,
            (_, streams) =>
            {
                if (done == 0)
                    RequireRight(runs, streams, edges.Count, cancellation);
                clean.Add(EdgeAttribution.Measured(request.Metric, streams, streams.Logits[0]));
                corrupt.Add(EdgeAttribution.Measured(request.Metric, streams, streams.Logits[1]));
                for (var circuit = 0; circuit < kept.Count; circuit++)
                {
                    var logits = runs.Logits(streams, kept[circuit], cancellation);
                    found[circuit].Add(EdgeAttribution.Measured(request.Metric, streams, logits));
                }

                progress?.Report(new SweepProgress(++done, request.Prompts.Length));
            },
            cancellation
        );
        return
        [
            .. circuits.Zip(
                found,
                (circuit, metric) =>
                    new CircuitMeasurement(
                        circuit,
                        metric,
                        metric.Mean / clean.Mean,
                        (metric.Mean - corrupt.Mean) / (clean.Mean - corrupt.Mean)
                    )
            ),
        ];
    }

    /// <summary>
    /// Looks for the smallest circuit of the best edges that keeps enough of the metric: larger ones by halves until
    /// one does, then between the last two.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts and the metric.</param>
    /// <param name="scores">The edges' scores.</param>
    /// <param name="least">How much has to be kept (<see cref="CircuitMeasurement.Keeps"/>), from 0 to 1.</param>
    /// <param name="progress">Told how many prompts of a circuit are done.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <returns>All that were measured, by size; the one that was looked for is the first that keeps enough.</returns>
    /// <inheritdoc cref="Measure"/>
    public static ImmutableArray<CircuitMeasurement> Search(
        LoadedModel model,
        CircuitRequest request,
        EdgeScores scores,
        double least,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(scores);
        var measured = new List<CircuitMeasurement>();
        var (low, high) = (0, Math.Min(Fewest, scores.Edges.Length));
        while (!Keeps(high) && high < scores.Edges.Length)
            (low, high) = (high, Math.Min((int)Math.Ceiling(high * Growth), scores.Edges.Length));
        while (high - low > Math.Max(1, high / 50))
        {
            var middle = (low + high) / 2;
            (low, high) = Keeps(middle) ? (low, middle) : (middle, high);
        }

        return [.. measured.OrderBy(one => one.Circuit.Edges.Length)];

        bool Keeps(int count)
        {
            var one = Measure(model, request, [scores.Best(count)], progress, cancellation)[0];
            measured.Add(one);
            return one.Keeps(least);
        }
    }

    private static bool[] Marks(Circuit circuit, List<CircuitEdge> edges)
    {
        var own = circuit.Edges.Select(scored => scored.Edge).ToHashSet();
        bool[] marks = [.. edges.Select(own.Contains)];
        return marks.Count(mark => mark) == own.Count
            ? marks
            : throw new InterventionException(
                $"The circuit has edges that the model lacks, such as {own.Except(edges).First()}."
            );
    }

    // With every edge it is the clean run, and with none the corrupt one.
    private static void RequireRight(CircuitRuns runs, PromptStreams streams, int edges, CancellationToken cancellation)
    {
        foreach (var (run, isKept) in new[] { (0, true), (1, false) })
        {
            var marks = new bool[edges];
            Array.Fill(marks, isKept);
            var distance = LogitDistance.Of(runs.Logits(streams, marks, cancellation), streams.Logits[run]);
            if (!(distance <= Tolerance))
                throw new InterventionException(
                    $"With {(isKept ? "every edge" : "no edge")} kept, the model's parts give other logits than the "
                        + $"{(isKept ? "clean" : "corrupt")} run (difference {distance:G2}, at most {Tolerance:G1} is "
                        + "allowed): something else than these edges joins them, or they are not linear, as with "
                        + "activations that are quantised."
                );
        }
    }
}
