using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a causal trace: tokens down, layers across, as in the paper.</summary>
internal static class TraceReport
{
    public static Report Create(
        TraceSettings settings,
        CausalTraceRequest request,
        CausalTraceResult result,
        LoadedModel model
    ) =>
        new()
        {
            Warnings = ExperimentWarnings.Of(request, result, model.TokenText),
            Title = $"Causal tracing: “{settings.Prompt.Text}{settings.Answer.Text}”",
            Summary =
                "Noise on the subject's embeddings corrupts the run; one component at one layer and token at a time "
                + "is restored from the clean run. "
                + "The colour is the probability of the answer.",
            Facts =
            [
                new("model", Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(model.File.Path)))!),
                new("subject", settings.Subject ?? settings.Prompt.TextOf(settings.Positions)),
                new("answer", settings.Answer.Text),
                new("clean probability", Number(result.CleanProbability)),
                new("clean run's own answer", SweepText.Answer(result.CleanTop!, model)),
                new("corrupted probability", Number(result.CorruptedProbability)),
                new("corrupted run's own answer", SweepText.Answer(result.CorruptedTop!, model)),
                new(
                    "noise",
                    $"{settings.Noise.ToString(CultureInfo.InvariantCulture)} standard deviations, "
                        + $"{settings.Samples} samples, seed {settings.Seed}"
                ),
            ],
            Heatmaps =
            [
                .. result.Restored.Select(restored => new ReportHeatmap(
                    restored.Target.Component,
                    Heatmap(settings, request, result, restored)
                )),
            ],
            Json = JsonText.Of(Data(settings, request, result, model)),
        };

    private static Heatmap Heatmap(
        TraceSettings settings,
        CausalTraceRequest request,
        CausalTraceResult result,
        TraceHeatmap restored
    )
    {
        var mean = restored.Mean;
        var values = Enumerable
            .Range(0, mean.Columns)
            .SelectMany(position => Enumerable.Range(0, mean.Rows).Select(layer => (double)mean[layer, position]));
        var window = restored.Target.Window == 1 ? "" : $", {restored.Target.Window} layers at a time";
        return new Heatmap
        {
            Title = $"Restoring {restored.Target.Component}{window}",
            RowLabels = settings.Prompt.Tokens,
            ColumnLabels = [.. Enumerable.Range(0, mean.Rows).Select(layer => $"{layer}")],
            Values = [.. values],
            RowAxis = "Token",
            ColumnAxis = "Layer",
            ValueLabel = $"p({settings.Answer.Text})",
            Scale = ColorScale.Sequential(
                Math.Min(result.CorruptedProbability, mean.Values.ToArray().Min()),
                Math.Max(result.CleanProbability, mean.Values.ToArray().Max())
            ),
            EmphasizedRows = request.SubjectPositions,
        };
    }

    private static object Data(
        TraceSettings settings,
        CausalTraceRequest request,
        CausalTraceResult result,
        LoadedModel model
    ) =>
        new
        {
            Prompt = settings.Prompt.Text,
            settings.Prompt.Tokens,
            settings.Prompt.Ids,
            settings.Subject,
            request.SubjectPositions,
            Answer = settings.Answer.Text,
            AnswerId = request.Answer,
            settings.Samples,
            settings.Noise,
            settings.Seed,
            result.CleanProbability,
            result.CorruptedProbability,
            result.CorruptedProbabilities,
            CleanTop = SweepText.Data(result.CleanTop!, model),
            CorruptedTop = SweepText.Data(result.CorruptedTop!, model),
            Warnings = ExperimentWarnings.Of(request, result, model.TokenText),
            Restored = result.Restored.Select(restored => new
            {
                restored.Target.Component,
                restored.Target.Window,
                Axes = "layer, token",
                MeanProbability = JsonText.Rows(restored.Mean),
            }),
        };

    private static string Number(float probability) => probability.ToString("P2", CultureInfo.InvariantCulture);
}
