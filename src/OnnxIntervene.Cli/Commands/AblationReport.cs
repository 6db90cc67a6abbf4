using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Ablation;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of an ablation: how far the metric moves from the clean run.</summary>
internal static class AblationReport
{
    public static Report Create(AblationRequest request, string kind, GridResult result, LoadedModel model)
    {
        var warnings = StudyWarnings.Of(request.Prompts, result, model.TokenText);
        var over = request.Prompts.Length > 1 ? $" Means over {request.Prompts.Length} prompts." : "";
        return new Report
        {
            Title =
                $"{StudyText.Capital(kind)} ablation of "
                + $"{string.Join(", ", result.Layouts.Select(layout => layout.Name))}",
            Summary =
                "One component at one place at a time is replaced "
                + $"({Replacement(request.Kind)}). The colour is how far the {result.Metrics[0].Title} moves from "
                + "the clean "
                + $"run's.{over}",
            Warnings = warnings,
            Facts = [.. StudyFacts.Of(request.Prompts, result, model), new("ablation", Replacement(request.Kind))],
            Heatmaps = [.. Enumerable.Range(0, result.Layouts.Length).Select(grid => Change(request, result, grid))],
            Json = JsonText.Of(
                new
                {
                    Study = "ablate",
                    With = kind,
                    Prompts = StudyFacts.Data(request.Prompts, result, model),
                    Grids = StudyFacts.Grids(result, null),
                    Changes = Enumerable
                        .Range(0, result.Layouts.Length)
                        .Select(grid => new
                        {
                            Component = result.Layouts[grid].Name,
                            Metric = result.Metrics[0].Name,
                            Mean = JsonText.Rows(result.Changed(grid).Mean),
                        }),
                    Warnings = warnings,
                }
            ),
        };
    }

    private static ReportHeatmap Change(AblationRequest request, GridResult result, int grid)
    {
        var (metric, change) = (result.Metrics[0], result.Changed(grid));
        return new ReportHeatmap(
            $"change-{result.Layouts[grid].Name}",
            new GridFigures(request.Prompts).Heatmap(
                change,
                $"Change of the {metric.Title} without {result.Layouts[grid].Name}",
                $"change of {metric.Name}",
                GridFigures.Centred(change)
            )
        );
    }

    private static string Replacement(AblationKind kind) =>
        kind switch
        {
            AblationKind.Zero => "by zeros",
            AblationKind.Mean => "by the mean over every position of every prompt",
            AblationKind.PositionMean => "by the mean over prompts at the same position",
            _ => "by the values of another prompt of the same length",
        };
}
