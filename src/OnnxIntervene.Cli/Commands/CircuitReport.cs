using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Circuits;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a circuit: its graph, its edges, and what circuits of other sizes keep.</summary>
internal static class CircuitReport
{
    private const int MostListed = 1000;

    /// <param name="model">The model.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="scores">The edges' scores.</param>
    /// <param name="measured">All circuits that were measured, by size.</param>
    /// <param name="found">The one that is shown.</param>
    public static Report Create(
        LoadedModel model,
        CircuitRequest request,
        EdgeScores scores,
        ImmutableArray<CircuitMeasurement> measured,
        CircuitMeasurement found
    ) =>
        new()
        {
            Title = $"The circuit of the {request.Metric.Title}",
            Summary =
                $"Every edge was scored by gradients ({Method(request)}): below 0 where the edge helps. The best were "
                + "then measured by runs in which every other edge carries what it does in the corrupt run.",
            Warnings = WarningsOf(scores, found),
            Facts =
            [
                .. StudyText.Facts(model, request.Prompts),
                new($"clean {request.Metric.Title}", StudyText.Mean(scores.Clean)),
                new($"corrupt {request.Metric.Title}", StudyText.Mean(scores.Corrupt)),
                new($"the circuit's {request.Metric.Title}", StudyText.Mean(found.Metric)),
                new("edges", $"{found.Circuit.Edges.Length} of {found.Circuit.Total} ({Share(found.Circuit.Share)})"),
                new("kept of the clean run's", Share(found.Kept)),
                new("faithfulness", Share(found.Faithfulness)),
            ],
            Figures = [Graph(found), .. measured.Length > 1 ? [Sizes(measured)] : Array.Empty<ReportFigure>()],
            Tables = [Edges(found)],
            Json = JsonText.Of(
                new
                {
                    Study = "circuit",
                    Metric = request.Metric.Name,
                    request.Steps,
                    Prompts = request.Prompts.Length,
                    Clean = StudyText.Data(scores.Clean),
                    Corrupt = StudyText.Data(scores.Corrupt),
                    Circuit = Data(found),
                    Measured = BySize(measured).Select(Data),
                    Nodes = found.Circuit.Nodes.Select(node => $"{node}"),
                    Edges = Listed(scores, found.Circuit),
                }
            ),
        };

    private static string Method(CircuitRequest request) =>
        request.Steps == 0 ? "EAP, of the clean run" : $"EAP-IG, {request.Steps} points between the two runs";

    private static ImmutableArray<string> WarningsOf(EdgeScores scores, CircuitMeasurement found) =>
        [
            .. found.Circuit.Edges.IsEmpty
                ? ["The best edges make no way from the embedding to the logits. Take more of them."]
                : Array.Empty<string>(),
            .. scores.Clean.Mean == scores.Corrupt.Mean
                ? ["The clean and the corrupt runs do not differ, so nothing can be kept or lost."]
                : Array.Empty<string>(),
        ];

    // A row for each layer's heads and one for its feed-forward, from below.
    private static ReportFigure Graph(CircuitMeasurement found)
    {
        var nodes = found
            .Circuit.Nodes.DefaultIfEmpty(new CircuitNode(CircuitNodeKind.Embedding))
            .OrderBy(RowOf)
            .ThenBy(node => node.Head)
            .ToList();
        return new ReportFigure(
            "graph",
            new NodeGraph
            {
                Title = $"{found.Circuit.Edges.Length} edges that keep {Share(found.Kept)}",
                Caption =
                    "a3.5 is head 5 of layer 3, m3 the layer's feed-forward. The wider an edge, the larger its score; "
                    + "blue edges help, orange ones hinder.",
                Nodes = [.. nodes.Select(node => new GraphNode($"{node}", RowOf(node)))],
                Edges =
                [
                    .. found.Circuit.Edges.SelectMany(scored =>
                        scored.Edge.Readers.Select(reader => new GraphEdge(
                            nodes.IndexOf(scored.Edge.From),
                            nodes.IndexOf(reader),
                            scored.Edge.Input is { } input ? HeadInputs.NameOf(input) : "",
                            scored.Score
                        ))
                    ),
                ],
                ValueLabel = "score",
            }
        );
    }

    private static int RowOf(CircuitNode node) =>
        node.Kind switch
        {
            CircuitNodeKind.Embedding => 0,
            CircuitNodeKind.Head => 1 + (2 * node.Layer),
            CircuitNodeKind.FeedForward => 2 + (2 * node.Layer),
            _ => int.MaxValue,
        };

    private static ReportFigure Sizes(ImmutableArray<CircuitMeasurement> measured)
    {
        var sizes = BySize(measured).ToList();
        return new ReportFigure(
            "faithfulness",
            new LinePlot
            {
                Title = "What circuits of the best edges keep",
                Axis = "Edges",
                AxisLabels = [.. sizes.Select(one => $"{one.Circuit.Edges.Length}")],
                ValueLabel = "share",
                Series =
                [
                    new("faithfulness", [.. sizes.Select(one => one.Faithfulness)]),
                    new("kept", [.. sizes.Select(one => one.Kept)]),
                ],
            }
        );
    }

    // What is left of circuits of two sizes, when edges that lead nowhere are taken out, may be the same.
    private static IEnumerable<CircuitMeasurement> BySize(ImmutableArray<CircuitMeasurement> measured) =>
        measured.DistinctBy(one => one.Circuit.Edges.Length);

    private static ReportTable Edges(CircuitMeasurement found) =>
        new(
            "The circuit's edges, the largest scores first",
            ["edge", "score"],
            [
                .. found.Circuit.Edges.Select(scored =>
                    ImmutableArray.Create($"{scored.Edge}", StudyText.Mean(scored.Score, scored.StandardError))
                ),
            ]
        );

    private static object Data(CircuitMeasurement one) =>
        new
        {
            Edges = one.Circuit.Edges.Length,
            one.Circuit.Total,
            one.Circuit.Share,
            Metric = StudyText.Data(one.Metric),
            Kept = Finite(one.Kept),
            Faithfulness = Finite(one.Faithfulness),
        };

    // Large models have millions.
    private static IEnumerable<object> Listed(EdgeScores scores, Circuit circuit)
    {
        var own = circuit.Edges.Select(scored => scored.Edge).ToHashSet();
        return scores
            .Edges.Where((scored, rank) => rank < MostListed || own.Contains(scored.Edge))
            .Select(scored => new
            {
                From = $"{scored.Edge.From}",
                To = $"{scored.Edge.To}",
                Input = scored.Edge.Input is { } input ? HeadInputs.NameOf(input) : null,
                scored.Edge.SharedBy,
                scored.Score,
                StandardError = Finite(scored.StandardError),
                InCircuit = own.Contains(scored.Edge),
            });
    }

    private static double? Finite(double number) => double.IsFinite(number) ? number : null;

    private static string Share(double share) => share.ToString("P1", CultureInfo.InvariantCulture);
}
