using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of activation patching: tokens or heads down, layers across.</summary>
internal static class PatchReport
{
    public static Report Create(
        PatchPrompts prompts,
        PatchSweepRequest request,
        PatchSweepResult result,
        LoadedModel model
    )
    {
        var normalized = result.Normalized;
        var largest = normalized.Values.ToArray().Append(1).Max(Math.Abs);
        var differences = result.LogitDifference;
        return new Report
        {
            Title = $"Activation patching of {result.Component}",
            Summary =
                "The base is the corrupt run; one component at one place at a time is taken from the clean run. "
                + "Normalised: 0 leaves the corrupt run as it is, 1 restores the clean one.",
            Warnings = ExperimentWarnings.Of(request, result, model.TokenText),
            Facts = Facts(prompts, result, model),
            Heatmaps =
            [
                new(
                    "normalized",
                    Heatmap(
                        "Normalised logit difference",
                        "restored",
                        normalized,
                        ColorScale.Diverging(largest),
                        prompts,
                        result
                    )
                ),
                new(
                    "logit-difference",
                    Heatmap(
                        $"Logit difference,{prompts.Answer.Text} minus{prompts.Wrong.Text}",
                        "logits",
                        differences,
                        ColorScale.Diverging(differences.Values.ToArray().Max(Math.Abs)),
                        prompts,
                        result
                    )
                ),
            ],
            Json = JsonText.Of(Data(prompts, request, result, model)),
        };
    }

    private static ImmutableArray<ReportFact> Facts(PatchPrompts prompts, PatchSweepResult result, LoadedModel model) =>
        [
            new("model", Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(model.File.Path)))!),
            new("clean", prompts.Clean.Text + prompts.Answer.Text),
            new("corrupt", prompts.Corrupt.Text + prompts.Wrong.Text),
            new("clean logit difference", Number(result.CleanDifference)),
            new("clean run's own answer", SweepText.Answer(result.CleanTop!, model)),
            new("corrupt logit difference", Number(result.CorruptDifference)),
            new("corrupt run's own answer", SweepText.Answer(result.CorruptTop!, model)),
        ];

    private static Heatmap Heatmap(
        string title,
        string label,
        SweepGrid grid,
        ColorScale scale,
        PatchPrompts prompts,
        PatchSweepResult result
    ) =>
        new()
        {
            Title = title,
            RowLabels = Labels(prompts, result),
            ColumnLabels = [.. result.Layers.Select(layer => $"{layer}")],
            Values =
            [
                .. Enumerable
                    .Range(0, grid.Columns)
                    .SelectMany(column => Enumerable.Range(0, grid.Rows).Select(row => (double)grid[row, column])),
            ],
            RowAxis = result.ColumnsAreHeads ? "Head" : "Token",
            ColumnAxis = "Layer",
            ValueLabel = label,
            Scale = scale,
        };

    // Where the prompts differ, both tokens are shown.
    private static ImmutableArray<string> Labels(PatchPrompts prompts, PatchSweepResult result) =>
        [
            .. result.Columns.Select(column =>
                result.ColumnsAreHeads ? $"{column}"
                : prompts.Clean.Ids[column] == prompts.Corrupt.Ids[column] ? prompts.Clean.Tokens[column]
                : $"{Visible(prompts.Clean.Tokens[column])} / {Visible(prompts.Corrupt.Tokens[column])}"
            ),
        ];

    // Side by side, a token's leading space would be lost.
    private static string Visible(string token) => token.Replace(' ', '·');

    private static object Data(
        PatchPrompts prompts,
        PatchSweepRequest request,
        PatchSweepResult result,
        LoadedModel model
    ) =>
        new
        {
            Clean = prompts.Clean.Text,
            CleanTokens = prompts.Clean.Tokens,
            Corrupt = prompts.Corrupt.Text,
            CorruptTokens = prompts.Corrupt.Tokens,
            Answer = prompts.Answer.Text,
            AnswerId = request.Answer,
            Wrong = prompts.Wrong.Text,
            WrongId = request.Wrong,
            result.Component,
            result.Layers,
            Columns = result.ColumnsAreHeads ? "heads" : "positions",
            result.CleanDifference,
            result.CorruptDifference,
            CleanTop = SweepText.Data(result.CleanTop!, model),
            CorruptTop = SweepText.Data(result.CorruptTop!, model),
            Warnings = ExperimentWarnings.Of(request, result, model.TokenText),
            ColumnNumbers = result.Columns,
            LogitDifference = JsonText.Rows(result.LogitDifference),
            Normalized = JsonText.Rows(result.Normalized),
            AnswerLogits = JsonText.Rows(result.AnswerLogits),
            WrongLogits = JsonText.Rows(result.WrongLogits),
        };

    private static string Number(float difference) => difference.ToString("F3", CultureInfo.InvariantCulture);
}
