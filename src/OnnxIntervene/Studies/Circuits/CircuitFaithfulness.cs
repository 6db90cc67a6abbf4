using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Measures circuits by runs: every edge outside is patched with what its sender adds in the corrupt run, every edge
/// inside carries what its sender adds then. No estimate is used.
/// </summary>
public static class CircuitFaithfulness
{
    private const double Growth = 1.5;
    private const int Fewest = 4;

    /// <summary>Measures circuits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts and the metric; they may be others than those that gave the scores.</param>
    /// <param name="circuits">The circuits.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="journal">Where runs that are done are kept; null to keep none.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">
    /// Prompts do not fit each other, the model's layers are not an attention and a feed-forward, added to one
    /// stream, or the journal is of another study.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static ImmutableArray<CircuitMeasurement> Measure(
        LoadedModel model,
        CircuitRequest request,
        ImmutableArray<Circuit> circuits,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        using var study = new FaithfulnessStudy(model, request, circuits.Length)
        {
            Description = string.Join(" | ", circuits.Select(circuit => Text(circuit.Edges))),
        };
        using var kept = study.Open(journal);
        study.Run([.. circuits.Select((circuit, number) => (number, circuit))], kept, progress, cancellation);
        return [.. circuits.Select((circuit, number) => study.ResultOf(number, circuit))];
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
    /// <param name="journal">Where runs that are done are kept; null to keep none.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <returns>All that were measured, by size; the one that was looked for is the first that keeps enough.</returns>
    /// <inheritdoc cref="Measure"/>
    public static ImmutableArray<CircuitMeasurement> Search(
        LoadedModel model,
        CircuitRequest request,
        EdgeScores scores,
        double least,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(scores);
        using var study = new FaithfulnessStudy(model, request, scores.Edges.Length + 1)
        {
            Description = Text(scores.Edges),
        };
        using var kept = study.Open(journal);
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
            var circuit = scores.Best(count);
            study.Run([(count, circuit)], kept, progress, cancellation);
            measured.Add(study.ResultOf(count, circuit));
            return measured[^1].Keeps(least);
        }
    }

    // In the order of their scores: what is kept belongs to these circuits alone.
    private static string Text(ImmutableArray<ScoredEdge> edges) =>
        string.Join(' ', edges.Select(scored => scored.Edge));
}
