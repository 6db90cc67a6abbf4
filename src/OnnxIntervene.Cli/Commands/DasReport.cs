using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Alignment;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of an alignment search: positions down, layers across.</summary>
internal static class DasReport
{
    private const int MostCells = 10;
    private const int MostLines = 5;

    /// <param name="request">What was searched.</param>
    /// <param name="result">What was found.</param>
    /// <param name="model">The model.</param>
    /// <param name="folder">Where the best intervention is.</param>
    public static Report Create(AlignmentRequest request, AlignmentResult result, LoadedModel model, string folder)
    {
        var warnings = WarningsOf(result);
        return new Report
        {
            Title = $"Distributed alignment search in {result.Component}",
            Summary =
                $"In each cell a {KindOf(request)} was trained on interchanges and measured on others. The accuracy is "
                + "the share of examples in which the model answers as the causal model does; where it is not above "
                + "that of doing nothing and of a random rotation, the variable is not there.",
            Warnings = warnings,
            Facts = Facts(request, result, model, folder),
            Heatmaps = Heatmaps(result),
            Figures = [.. LossCurve(result), .. HeldOutCurve(request, result)],
            Tables = [Best(result)],
            Json = JsonText.Of(Data(request, result, folder, warnings)),
        };
    }

    private static ImmutableArray<ReportFact> Facts(
        AlignmentRequest request,
        AlignmentResult result,
        LoadedModel model,
        string folder
    )
    {
        var best = result.Best!;
        return
        [
            new("model", StudyFacts.ModelName(model)),
            new(
                "examples",
                $"{request.Training.Examples.Length} to train on, {request.Test.Examples.Length} to measure"
            ),
            new(
                "rank",
                result.Variables == 1 ? $"{request.Rank}" : $"{request.Rank} for each of {result.Variables} variables"
            ),
            .. request.Kind is { } kind ? new[] { new ReportFact("kind", kind.ClassName) } : [],
            .. SitesOf(request),
            new("training", Training(request)),
            new("best cell", $"layer {result.Layers[best.Row]}, position {result.Positions[best.Column]}"),
            new("interchange accuracy there", $"{best.All.Interchange} (95 %)"),
            new("doing nothing", $"{best.All.DoingNothing}"),
            .. best.All.RandomSubspace is { } random
                ? new[] { new ReportFact("a random rotation there", $"{random}") }
                : [],
            .. best.Changed is { } changed
                ? new[]
                {
                    new ReportFact(
                        "where the answer changes",
                        $"{changed.Interchange} of {changed.Interchange.Count} examples"
                    ),
                }
                : [],
            new("intervention", folder),
        ];
    }

    private static ImmutableArray<string> WarningsOf(AlignmentResult result)
    {
        var best = result.Best!;
        return best.All.Interchange.Low > best.All.DoingNothing.High
            ? []
            : ["No cell is surely better than doing nothing: its interval reaches down to that of doing nothing."];
    }

    private static ImmutableArray<ReportHeatmap> Heatmaps(AlignmentResult result) =>
        [
            new("iia", Heatmap(result, "Interchange accuracy", cell => cell.All.Interchange.Value)),
            .. result.Best!.Changed is null
                ? Array.Empty<ReportHeatmap>()
                :
                [
                    new ReportHeatmap(
                        "iia-changed",
                        Heatmap(
                            result,
                            "Interchange accuracy where the answer changes",
                            cell => cell.Changed!.Interchange.Value
                        )
                    ),
                ],
            .. result.Best.All.RandomSubspace is null
                ? Array.Empty<ReportHeatmap>()
                :
                [
                    new ReportHeatmap(
                        "random",
                        Heatmap(result, "Accuracy of a random rotation", cell => cell.All.RandomSubspace!.Value.Value)
                    ),
                ],
        ];

    private static Heatmap Heatmap(AlignmentResult result, string title, Func<AlignmentCell, double> number) =>
        new()
        {
            Title = title,
            RowLabels = result.Positions,
            ColumnLabels = result.Layers,
            Values =
            [
                .. result.Positions.SelectMany(
                    (_, column) => result.Layers.Select((_, row) => Of(result[row, column], number))
                ),
            ],
            RowAxis = "Position",
            ColumnAxis = "Layer",
            ValueLabel = "accuracy",
            Scale = ColorScale.Sequential(0, 1),
        };

    // The best cells' trainings.
    private static ImmutableArray<ReportFigure> LossCurve(AlignmentResult result)
    {
        var cells = BestOf(result).Where(cell => cell.Losses.Length > 1).Take(MostLines).ToList();
        return cells.Count == 0
            ? []
            :
            [
                new ReportFigure(
                    "loss",
                    TrainingCurves.Loss([.. cells.Select(cell => (NameOf(result, cell), cell.Losses))])
                ),
            ];
    }

    // The same cells on the examples that were kept aside.
    private static ImmutableArray<ReportFigure> HeldOutCurve(AlignmentRequest request, AlignmentResult result)
    {
        var cells = BestOf(result).Where(cell => !cell.HeldOut.IsEmpty).Take(MostLines).ToList();
        return cells.Count == 0
            ? []
            :
            [
                new ReportFigure(
                    "held-out",
                    TrainingCurves.HeldOut(
                        request.StepsOfMeasures(cells.Max(cell => cell.HeldOut.Length)),
                        [.. cells.Select(cell => (NameOf(result, cell), cell.HeldOut))]
                    )
                ),
            ];
    }

    private static string KindOf(AlignmentRequest request) => request.Kind?.ClassName ?? "rotation";

    private static string Training(AlignmentRequest request) =>
        $"{request.Steps} steps of {request.BatchSize} examples, seed {request.Seed}"
        + (
            request.Patience is { } patience
                ? $"; ended after {patience} measurements without a better accuracy on "
                    + $"{request.HeldOut!.Examples.Length} examples"
                : ""
        );

    private static IEnumerable<ReportFact> SitesOf(AlignmentRequest request) =>
        request.Sites.Select(item => new ReportFact($"variable {item.Key} is at", $"{item.Value}".Trim()));

    private static string NameOf(AlignmentResult result, AlignmentCell cell) =>
        $"layer {result.Layers[cell.Row]}, position {result.Positions[cell.Column]}";

    private static IEnumerable<AlignmentCell> BestOf(AlignmentResult result) =>
        result.Cells.OfType<AlignmentCell>().OrderByDescending(cell => cell.All.Interchange.Value);

    private static double Of(AlignmentCell? cell, Func<AlignmentCell, double> number) =>
        cell is null ? double.NaN : number(cell);

    private static ReportTable Best(AlignmentResult result) =>
        new(
            "The best cells",
            [
                "layer",
                "position",
                "accuracy",
                "95 %",
                "doing nothing",
                "random rotation",
                "where the answer changes",
                "loss",
            ],
            [.. BestOf(result).Take(MostCells).Select(cell => Row(result, cell))]
        );

    private static ImmutableArray<string> Row(AlignmentResult result, AlignmentCell cell) =>
        [
            result.Layers[cell.Row],
            result.Positions[cell.Column],
            Number(cell.All.Interchange.Value),
            $"{Number(cell.All.Interchange.Low)} to {Number(cell.All.Interchange.High)}",
            Number(cell.All.DoingNothing.Value),
            cell.All.RandomSubspace is { } random ? Number(random.Value) : "",
            cell.Changed is { } changed ? Number(changed.Interchange.Value) : "",
            Number(cell.Loss),
        ];

    private static string Number(double number) => number.ToString("F4", CultureInfo.InvariantCulture);

    private static object Data(
        AlignmentRequest request,
        AlignmentResult result,
        string folder,
        ImmutableArray<string> warnings
    ) =>
        new
        {
            Study = "das",
            result.Component,
            result.Layers,
            result.Positions,
            result.Variables,
            Kind = request.Kind?.ClassName,
            request.Rank,
            request.Steps,
            Batch = request.BatchSize,
            request.Seed,
            TrainingExamples = request.Training.Examples.Length,
            TestExamples = request.Test.Examples.Length,
            Cells = result.Cells.OfType<AlignmentCell>().Select(cell => Data(result, cell)),
            Best = Data(result, result.Best!),
            Intervention = folder,
            Warnings = warnings,
        };

    private static object Data(AlignmentResult result, AlignmentCell cell) =>
        new
        {
            Layer = result.Layers[cell.Row],
            Position = result.Positions[cell.Column],
            Scores = Data(cell.All),
            WhereAnswerChanges = cell.Changed is { } changed ? Data(changed) : null,
            Loss = double.IsFinite(cell.Loss) ? cell.Loss : (double?)null,
            Batches = cell.Losses.Length,
            cell.HeldOut,
        };

    private static object Data(InterchangeScores scores) =>
        new
        {
            Interchange = Data(scores.Interchange),
            DoingNothing = Data(scores.DoingNothing),
            RandomSubspace = scores.RandomSubspace is { } random ? Data(random) : null,
        };

    private static object Data(AccuracyEstimate accuracy) =>
        new
        {
            Accuracy = accuracy.Count == 0 ? (double?)null : accuracy.Value,
            Low = accuracy.Count == 0 ? (double?)null : accuracy.Low,
            High = accuracy.Count == 0 ? (double?)null : accuracy.High,
            accuracy.Correct,
            accuracy.Count,
        };
}
