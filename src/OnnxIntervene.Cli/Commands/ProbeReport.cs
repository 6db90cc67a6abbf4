using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Probing;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of linear probes: positions down, layers across.</summary>
internal static class ProbeReport
{
    public static Report Create(LoadedModel model, ProbeRequest request, ProbeResult result) =>
        new()
        {
            Title = $"Linear probes on {request.Component}",
            Summary =
                "Logistic regression on the component's values, standardised; the share of held-out prompts whose "
                + "class is predicted, beside the same with shuffled labels.",
            Facts =
            [
                .. StudyText.Facts(model, request.Prompts),
                new("classes", string.Join(", ", result.Classes)),
                new("fitted, held out", $"{result.Trained}, {result.HeldOut}"),
                new("splits", $"{request.Splits}, seed {request.Seed}"),
                new("always the largest class", StudyText.Number(result.Majority)),
                new("best", Best(result)),
            ],
            Heatmaps =
            [
                Heatmap(request, result.Accuracy, "Accuracy on held-out prompts"),
                Heatmap(request, result.Control, "Accuracy with shuffled labels"),
            ],
            Figures = new GridFigures(request.Prompts).Lines(
                result.Accuracy,
                "layers-accuracy",
                "Accuracy on held-out prompts by layer",
                "accuracy"
            ),
            Tables = [Table(result)],
            Json = JsonText.Of(Data(request, result)),
        };

    private static ReportHeatmap Heatmap(ProbeRequest request, StudyGrid grid, string title) =>
        StudyText.Heatmap(request.Prompts, grid, title, "accuracy", ColorScale.Sequential(0, 1));

    private static string Best(ProbeResult result)
    {
        var (row, column) = Places(result.Accuracy).MaxBy(place => result.Accuracy.Mean[place.Row, place.Column]);
        var layout = result.Accuracy.Layout;
        return $"{Number(result.Accuracy, row, column)} in layer {layout.Rows[row]} at '{layout.Columns[column]}'; "
            + $"shuffled labels {Number(result.Control, row, column)}";
    }

    private static ReportTable Table(ProbeResult result) =>
        new(
            "Accuracy, and with shuffled labels",
            ["layer", "position", "accuracy", "shuffled"],
            [
                .. Places(result.Accuracy)
                    .Select(place =>
                        ImmutableArray.Create(
                            result.Accuracy.Layout.Rows[place.Row],
                            result.Accuracy.Layout.Columns[place.Column],
                            Number(result.Accuracy, place.Row, place.Column),
                            Number(result.Control, place.Row, place.Column)
                        )
                    ),
            ]
        );

    private static object Data(ProbeRequest request, ProbeResult result) =>
        new
        {
            request.Component,
            result.Classes,
            result.Trained,
            result.HeldOut,
            request.Splits,
            request.Seed,
            request.Regularization,
            result.Majority,
            Accuracy = StudyText.Data(result.Accuracy),
            Control = StudyText.Data(result.Control),
        };

    private static string Number(StudyGrid grid, int row, int column) =>
        StudyText.Mean(grid.Mean[row, column], grid.StandardError[row, column]);

    private static IEnumerable<(int Row, int Column)> Places(StudyGrid grid) =>
        Enumerable
            .Range(0, grid.Layout.Rows.Length)
            .SelectMany(row => Enumerable.Range(0, grid.Layout.Columns.Length).Select(column => (row, column)));
}
