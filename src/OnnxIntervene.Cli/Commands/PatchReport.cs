using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of activation patching: tokens or heads down, layers across.</summary>
internal static class PatchReport
{
    /// <param name="request">What was patched.</param>
    /// <param name="result">What was measured, or estimated.</param>
    /// <param name="model">The model.</param>
    /// <param name="estimate">How the result was estimated, where it is attribution patching's.</param>
    public static Report Create(
        PatchSweepRequest request,
        GridResult result,
        LoadedModel model,
        PatchEstimate? estimate = null
    )
    {
        var shown = new GridFigures(request.Prompts);
        var isDenoising = request.Direction == PatchDirection.Denoising;
        var warnings = StudyWarnings.Of(request.Prompts, result, model.TokenText);
        return new Report
        {
            Title =
                $"{(estimate is not null ? "Attribution" : "Activation")} patching of "
                + string.Join(", ", result.Layouts.Select(layout => layout.Name)),
            Summary = (estimate?.Summary ?? "") + Summary(isDenoising, result.Prompts.Length),
            Warnings = warnings,
            Facts = [.. StudyFacts.Of(request.Prompts, result, model), .. estimate?.Facts ?? []],
            Heatmaps =
            [
                .. Enumerable
                    .Range(0, result.Layouts.Length)
                    .SelectMany(grid => Heatmaps(shown, result, grid, request.Direction)),
            ],
            Figures = Lines(shown, result, request.Direction),
            Tables = [.. estimate?.Tables ?? []],
            Json = JsonText.Of(
                new
                {
                    Study = estimate is null ? "patch" : "attribute",
                    Direction = DirectionOptions.NameOf(request.Direction),
                    Prompts = StudyFacts.Data(request.Prompts, result, model),
                    Grids = StudyFacts.Grids(
                        result,
                        (grid, metric) => StudyFacts.Normalized(result, request.Direction, grid, metric)
                    ),
                    estimate?.Steps,
                    Agreement = estimate?.Data,
                    Warnings = warnings,
                }
            ),
        };
    }

    private static ImmutableArray<ReportFigure> Lines(GridFigures shown, GridResult result, PatchDirection direction) =>
        [
            .. Enumerable
                .Range(0, result.Layouts.Length)
                .SelectMany(grid =>
                    shown.Lines(
                        StudyFacts.Normalized(result, direction, grid),
                        $"layers-{result.Layouts[grid].Name}",
                        $"Normalised {result.Metrics[0].Title} by layer, patching {result.Layouts[grid].Name}",
                        EffectOf(direction)
                    )
                ),
        ];

    private static string EffectOf(PatchDirection direction) =>
        direction == PatchDirection.Denoising ? "restored" : "broken";

    private static string Summary(bool isDenoising, int prompts)
    {
        var over = prompts > 1 ? $" Means over {prompts} prompts." : "";
        return isDenoising
            ? "The base is the corrupt run; one component at one place at a time is taken from the clean run. "
                + $"Normalised: 0 leaves the corrupt run as it is, 1 restores the clean one.{over}"
            : "The base is the clean run; one component at one place at a time is taken from the corrupt run. "
                + $"Normalised: 0 leaves the clean run as it is, −1 breaks all that the corrupt prompt breaks.{over}";
    }

    private static ImmutableArray<ReportHeatmap> Heatmaps(
        GridFigures figures,
        GridResult result,
        int grid,
        PatchDirection direction
    )
    {
        var metric = result.Metrics[0];
        var normalized = StudyFacts.Normalized(result, direction, grid);
        var raw = result.Of(grid);
        var name = result.Layouts.Length > 1 ? $"-{result.Layouts[grid].Name}" : "";
        var of = result.Layouts.Length > 1 ? $" of {result.Layouts[grid].Name}" : "";
        return
        [
            new(
                $"normalized{name}",
                figures.Heatmap(
                    normalized,
                    $"Normalised {metric.Title}{of}",
                    EffectOf(direction),
                    GridFigures.Centred(normalized)
                )
            ),
            new(
                $"{metric.Name}{name}",
                figures.Heatmap(raw, StudyText.Capital(metric.Title) + of, metric.Name, GridFigures.Fitting(raw))
            ),
        ];
    }
}
