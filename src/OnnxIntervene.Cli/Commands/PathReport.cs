using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Paths;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of path patching: senders' heads down, layers across.</summary>
internal static class PathReport
{
    public static Report Create(PathSweepRequest request, GridResult result, LoadedModel model)
    {
        var warnings = StudyWarnings.Of(request.Prompts, result, model.TokenText);
        var to = request.Receivers.IsEmpty ? "the logits" : string.Join(", ", request.Receivers);
        var isNoising = request.Direction == PatchDirection.Noising;
        var normalized = StudyFacts.Normalized(result, request.Direction, 0);
        var metric = result.Metrics[0];
        return new Report
        {
            Title = $"Path patching from {request.Sender} to {to}",
            Summary = Summary(request, isNoising),
            Warnings = warnings,
            Facts = [.. StudyFacts.Of(request.Prompts, result, model), new("receivers", to)],
            Heatmaps =
            [
                new(
                    "normalized",
                    new GridFigures(request.Prompts).Heatmap(
                        normalized,
                        $"Normalised {metric.Title} through the paths to {to}",
                        isNoising ? "broken" : "restored",
                        GridFigures.Centred(normalized)
                    )
                ),
            ],
            Json = JsonText.Of(
                new
                {
                    Study = "path",
                    Direction = DirectionOptions.NameOf(request.Direction),
                    Receivers = request.Receivers.IsEmpty ? ["logits"] : request.Receivers.Select(one => $"{one}"),
                    request.RecomputesFeedForward,
                    Prompts = StudyFacts.Data(request.Prompts, result, model),
                    Grids = StudyFacts.Grids(
                        result,
                        (grid, number) => StudyFacts.Normalized(result, request.Direction, grid, number)
                    ),
                    Warnings = warnings,
                }
            ),
        };
    }

    private static string Summary(PathSweepRequest request, bool isNoising)
    {
        var (one, other) = isNoising ? ("corrupt", "clean") : ("clean", "corrupt");
        var layers = request.RecomputesFeedForward
            ? "heads are frozen, feed-forward layers computed anew"
            : "all else frozen";
        return $"One sender at a time is taken from the {one} run, {layers}; what the receivers then are is put into "
            + "the "
            + $"{other} run. Normalised: 0 changes nothing, "
            + $"{(isNoising ? "−1 breaks all that the corrupt prompt breaks" : "1 restores the clean run")}."
            + (request.Prompts.Length > 1 ? $" Means over {request.Prompts.Length} prompts." : "");
    }
}
