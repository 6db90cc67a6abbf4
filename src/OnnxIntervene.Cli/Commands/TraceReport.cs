using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a causal trace: tokens down, layers across, as in the paper.</summary>
internal static class TraceReport
{
    public static Report Create(
        PromptText text,
        TraceSettings settings,
        CausalTraceRequest request,
        CausalTraceResult result,
        ModelFile model
    ) =>
        new()
        {
            Title = $"Causal tracing: “{text.Text}{settings.Answer}”",
            Summary =
                "Noise on the subject's embeddings corrupts the run; one component at one layer and token at a time "
                + "is restored from the clean run. "
                + "The colour is the probability of the answer.",
            Facts =
            [
                new("model", Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(model.Path)))!),
                new("subject", settings.Subject),
                new("answer", settings.Answer),
                new("clean probability", Number(result.CleanProbability)),
                new("corrupted probability", Number(result.CorruptedProbability)),
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
                    Heatmap(text, settings, request, result, restored)
                )),
            ],
            Json = JsonText.Of(Data(text, settings, request, result)),
            Command =
                $"onnx-intervene trace --prompt \"{text.Text}\" --subject \"{settings.Subject}\" --answer "
                + $"\"{settings.Answer}\" "
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"--samples {settings.Samples} --noise {settings.Noise} --seed {settings.Seed}"
                ),
        };

    private static Heatmap Heatmap(
        PromptText text,
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
            RowLabels = text.Tokens,
            ColumnLabels = [.. Enumerable.Range(0, mean.Rows).Select(layer => $"{layer}")],
            Values = [.. values],
            RowAxis = "Token",
            ColumnAxis = "Layer",
            ValueLabel = $"p({settings.Answer})",
            Scale = ColorScale.Sequential(
                Math.Min(result.CorruptedProbability, mean.Values.ToArray().Min()),
                Math.Max(result.CleanProbability, mean.Values.ToArray().Max())
            ),
            EmphasizedRows = request.SubjectPositions,
        };
    }

    private static object Data(
        PromptText text,
        TraceSettings settings,
        CausalTraceRequest request,
        CausalTraceResult result
    ) =>
        new
        {
            Prompt = text.Text,
            text.Tokens,
            text.Ids,
            settings.Subject,
            request.SubjectPositions,
            settings.Answer,
            AnswerId = request.Answer,
            settings.Samples,
            settings.Noise,
            settings.Seed,
            result.CleanProbability,
            result.CorruptedProbability,
            result.CorruptedProbabilities,
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
