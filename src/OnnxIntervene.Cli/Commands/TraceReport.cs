using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Tracing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a causal trace: tokens down, layers across, as in the paper.</summary>
internal static class TraceReport
{
    public static Report Create(CausalTraceRequest request, string corruption, GridResult result, LoadedModel model)
    {
        var warnings = StudyWarnings.Of(request.Prompts, result, model.TokenText);
        return new Report
        {
            Warnings = warnings,
            Title = TitleOf(request, model),
            Summary =
                $"The run is corrupted by {corruption}; one component at one layer and token at a time is restored "
                + "from "
                + $"the clean run. The colour is the {result.Metrics[0].Title}"
                + (request.Prompts.Length > 1 ? $", the mean over {request.Prompts.Length} prompts." : "."),
            Facts =
            [
                .. StudyFacts.Of(request.Prompts, result, model),
                .. request.Prompts is [{ Text: { } text } only]
                && only.Positions.TryGetValue(CausalTraceRequest.Subject, out var subject)
                    ? [new ReportFact("subject", text.TextOf(subject))]
                    : Array.Empty<ReportFact>(),
                new("corruption", corruption),
            ],
            Heatmaps = Heatmaps(request, result, model),
            Json = JsonText.Of(
                new
                {
                    Study = "trace",
                    Corruption = corruption,
                    Prompts = StudyFacts.Data(request.Prompts, result, model),
                    Windows = request.Targets.ToDictionary(
                        target => result.Layouts[request.Targets.IndexOf(target)].Name,
                        target => target.Window
                    ),
                    Grids = StudyFacts.Grids(result, result.Denoised),
                    Warnings = warnings,
                }
            ),
        };
    }

    private static string TitleOf(CausalTraceRequest request, LoadedModel model) =>
        request.Prompts is [{ Text: { } text, Answer: { } answer }]
            ? $"Causal tracing: “{text.Text}{(model.HasTokenizer ? model.TokenText(answer) : $" {answer}")}”"
            : $"Causal tracing over {request.Prompts.Length} prompts";

    private static ImmutableArray<ReportHeatmap> Heatmaps(
        CausalTraceRequest request,
        GridResult result,
        LoadedModel model
    )
    {
        var figures = new GridFigures(request.Prompts);
        return
        [
            .. request.Targets.Select(
                (target, grid) =>
                {
                    var window = target.Window == 1 ? "" : $", {target.Window} layers at a time";
                    var measured = result.Of(grid);
                    return new ReportHeatmap(
                        measured.Layout.Name,
                        figures.Heatmap(
                            measured,
                            $"{StudyText.Capital(result.Metrics[0].Title)} with {target.Component} restored{window}",
                            LabelOf(request, result.Metrics[0], model),
                            ScaleOf(measured, result)
                        )
                    );
                }
            ),
        ];
    }

    private static string LabelOf(CausalTraceRequest request, Metric metric, LoadedModel model) =>
        metric == Metric.Probability && request.Prompts is [{ Answer: { } answer }]
            ? $"p({(model.HasTokenizer ? model.TokenText(answer) : $"{answer}")})"
            : metric.Name;

    // From the corrupted to the clean run, and further where restoring goes further.
    private static ColorScale ScaleOf(StudyGrid grid, GridResult result)
    {
        double[] values =
        [
            .. grid.Mean.Values.ToArray().Select(value => (double)value),
            result.Corrupt().Mean,
            result.Clean().Mean,
        ];
        return ColorScale.For(values) is { Minimum: < 0 } diverging
            ? diverging
            : ColorScale.Sequential(values.Where(double.IsFinite).Min(), values.Where(double.IsFinite).Max());
    }
}
