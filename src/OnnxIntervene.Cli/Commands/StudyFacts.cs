using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// What reports of studies say besides their pictures: the prompts, and the runs that cells start from.
/// </summary>
internal static class StudyFacts
{
    /// <summary>Names and values above the pictures.</summary>
    public static ImmutableArray<ReportFact> Of(
        ImmutableArray<StudyPrompt> prompts,
        GridResult result,
        LoadedModel model
    )
    {
        var metric = result.Metrics[0];
        var isPair = result.CorruptRuns != CorruptRuns.None;
        return
        [
            new("model", ModelName(model)),
            .. prompts is [var only] ? Prompt(only, model) : [new ReportFact("prompts", $"{prompts.Length}")],
            new($"clean {metric.Title}", Shown(metric, result.Clean())),
            .. prompts.Length == 1
                ? [new ReportFact("clean run's own answer", SweepText.Answer(result.Prompts[0].Tops[0], model))]
                : Array.Empty<ReportFact>(),
            .. isPair
                ? [new ReportFact($"corrupt {metric.Title}", Shown(metric, result.Corrupt()))]
                : Array.Empty<ReportFact>(),
            .. isPair && prompts.Length == 1
                ? [new ReportFact("corrupt run's own answer", SweepText.Answer(result.Prompts[0].Tops[1], model))]
                : Array.Empty<ReportFact>(),
        ];
    }

    /// <summary>The model's folder, by which people know it.</summary>
    public static string ModelName(LoadedModel model) =>
        Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(model.File.Path)))!;

    /// <summary>A grid on the scale of its direction: what was restored, or what was broken.</summary>
    public static StudyGrid Normalized(GridResult result, PatchDirection direction, int grid, int metric = 0) =>
        direction == PatchDirection.Denoising ? result.Denoised(grid, metric) : result.Noised(grid, metric);

    /// <summary>The prompts for JSON, with what their own runs measured.</summary>
    public static IEnumerable<object> Data(ImmutableArray<StudyPrompt> prompts, GridResult result, LoadedModel model) =>
        prompts.Select(
            (prompt, index) =>
                new
                {
                    Clean = prompt.Text?.Text,
                    CleanTokens = prompt.Text?.Tokens,
                    CleanIds = prompt.Text?.Ids,
                    Corrupt = prompt.CorruptText?.Text,
                    CorruptTokens = prompt.CorruptText?.Tokens,
                    Answer = TokenOf(prompt.Answer, model),
                    AnswerId = prompt.Answer,
                    Wrong = TokenOf(prompt.Wrong, model),
                    WrongId = prompt.Wrong,
                    prompt.Positions,
                    CleanMetrics = Named(result, metric => result.Prompts[index].Clean(metric)),
                    CorruptMetrics = result.CorruptRuns != CorruptRuns.None
                        ? Named(result, metric => result.Prompts[index].Corrupt(metric))
                        : null,
                    RunMetrics = result.Prompts[index].Baselines,
                    CleanTop = SweepText.Data(result.Prompts[index].Tops[0], model),
                    CorruptTop = result.CorruptRuns != CorruptRuns.None
                        ? SweepText.Data(result.Prompts[index].Tops[1], model)
                        : null,
                }
        );

    /// <summary>The grids for JSON.</summary>
    /// <param name="result">What was measured.</param>
    /// <param name="normalized">A grid on the study's scale; null where it has none.</param>
    public static IEnumerable<object> Grids(GridResult result, Func<int, int, StudyGrid>? normalized) =>
        from grid in Enumerable.Range(0, result.Layouts.Length)
        from metric in Enumerable.Range(0, result.Metrics.Length)
        let isComparable = normalized is not null && result.Clean(metric).Mean != result.Corrupt(metric).Mean
        select Data(result.Of(grid, metric), result, metric, isComparable ? normalized!(grid, metric) : null);

    private static object Data(StudyGrid grid, GridResult result, int metric, StudyGrid? normalized) =>
        new
        {
            Component = grid.Layout.Name,
            Metric = result.Metrics[metric].Name,
            grid.Layout.Rows,
            grid.Layout.ColumnAxis,
            grid.Layout.Columns,
            Mean = JsonText.Rows(grid.Mean),
            StandardError = result.Prompts.Length > 1 ? JsonText.Rows(grid.StandardError) : null,
            Prompts = result.Prompts.Length > 1 ? JsonText.Rows(grid.Count) : null,
            Normalized = normalized is null ? null : JsonText.Rows(normalized.Mean),
        };

    private static Dictionary<string, float> Named(GridResult result, Func<int, float> value) =>
        Enumerable
            .Range(0, result.Metrics.Length)
            .ToDictionary(metric => result.Metrics[metric].Name, metric => value(metric));

    private static ReportFact[] Prompt(StudyPrompt prompt, LoadedModel model) =>
        [
            .. prompt.Text is { } clean
                ? [new ReportFact("clean", clean.Text + TokenOf(prompt.Answer, model))]
                : Array.Empty<ReportFact>(),
            .. prompt.CorruptText is { } corrupt
                ? [new ReportFact("corrupt", corrupt.Text + TokenOf(prompt.Wrong, model))]
                : Array.Empty<ReportFact>(),
        ];

    private static string? TokenOf(int? token, LoadedModel model) =>
        token is not { } id ? null
        : model.HasTokenizer ? model.TokenText(id)
        : $" {id}";

    private static string Shown(Metric metric, SampleMean mean)
    {
        var format = metric == Metric.Probability ? "P2" : "F3";
        var error = mean.Count > 1 ? $" ± {mean.StandardError.ToString(format, CultureInfo.InvariantCulture)}" : "";
        return mean.Mean.ToString(format, CultureInfo.InvariantCulture) + error;
    }
}
