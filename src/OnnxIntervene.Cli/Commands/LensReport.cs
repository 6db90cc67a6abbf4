using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of the logit lens: tokens down, layers across.</summary>
internal sealed class LensReport(
    LoadedModel model,
    ImmutableArray<StudyPrompt> prompts,
    LogitLensResult lens,
    LogitAttributionResult? attribution
)
{
    public Report Create() =>
        new()
        {
            Title = "Logit lens",
            Summary =
                "The residual stream after each layer goes through the model's own final norm and unembedding. The "
                + "last layer's row is the model's own answer.",
            Facts =
            [
                .. StudyText.Facts(model, prompts),
                .. Answers(),
                new(
                    "last layer's lens from the model's logits",
                    lens.Difference.ToString("G2", CultureInfo.InvariantCulture)
                ),
                .. attribution is null ? [] : AttributionReport.Facts(attribution),
            ],
            Warnings = [.. Warnings()],
            Heatmaps =
            [
                .. lens.Grids.Zip(
                    lens.Metrics,
                    (grid, metric) => StudyText.Heatmap(prompts, grid, $"Logit lens: {Title(metric)}", Title(metric))
                ),
                .. attribution is null ? [] : AttributionReport.Heatmaps(prompts, attribution),
            ],
            Figures = [.. lens.Grids.Zip(lens.Metrics).SelectMany(item => Lines(item.First, item.Second))],
            Tables = [Tops(), .. attribution is null ? [] : AttributionReport.Tables(attribution)],
            Json = JsonText.Of(Data()),
        };

    private ImmutableArray<ReportFigure> Lines(StudyGrid grid, Metric metric) =>
        new GridFigures(prompts).Lines(grid, $"layers-{metric.Name}", $"Logit lens: {Title(metric)}", Title(metric));

    // What a lens is compared with is the model's own distribution at the same position.
    private static string Title(Metric metric) =>
        metric == Metric.Divergence ? "KL divergence from the model's own" : metric.Title;

    // Where the last token of a prompt is read, with what the model itself answers there.
    private IEnumerable<(StudyPrompt Prompt, TopAnswer Top)> Own() =>
        from prompt in Enumerable.Range(0, prompts.Length)
        from column in Enumerable.Range(0, lens.Columns.Length)
        where lens.Columns[column].Positions[prompt] == prompts[prompt].Length - 1
        select (prompts[prompt], lens.Tops[prompt][((lens.Rows.Length - 1) * lens.Columns.Length) + column]);

    private IEnumerable<ReportFact> Answers() =>
        Own().DistinctBy(item => item.Prompt).ToList() switch
        {
            [] => [],
            [var (_, top)] => [new ReportFact("the model's own answer", SweepText.Answer(top, model))],
            var many when many.TrueForAll(item => item.Prompt.Answer is not null) =>
            [
                new ReportFact(
                    "the model's own answer",
                    $"the given one in {many.Count(item => item.Top.Id == item.Prompt.Answer)} of {many.Count}"
                ),
            ],
            _ => [],
        };

    private IEnumerable<string> Warnings()
    {
        if (attribution?.WhyNoHeads is { } why)
            yield return $"Heads are not told apart: {why}";
        var others = Own().Where(item => item.Prompt.Answer is { } answer && item.Top.Id != answer).ToList();
        if (prompts.Length == 1 && others is [var (prompt, top), ..])
            yield return $"The model's own answer is {SweepText.Answer(top, model)}, not "
                + $"'{model.TokenText(prompt.Answer!.Value)}'.";
        else if (others.Count > 0)
            yield return $"The model's own answer is another than the given one in {others.Count} of {prompts.Length} "
                + "prompts.";
    }

    private ReportTable Tops() =>
        new(
            prompts.Length == 1 ? "Top token after each layer" : "Most frequent top token after each layer",
            ["layer", .. lens.Columns.Select(Label)],
            [
                .. lens.Rows.Select(
                    (label, row) =>
                        ImmutableArray.CreateRange(lens.Columns.Select((_, column) => Cell(row, column)).Prepend(label))
                ),
            ]
        );

    private string Label(PositionColumn column) =>
        prompts is [{ Text: { } text }] && int.TryParse(column.Label, out var position)
            ? text.Tokens[position]
            : column.Label;

    private string Cell(int row, int column)
    {
        var tops = lens.Tops.Select(tops => tops[(row * lens.Columns.Length) + column]).ToList();
        return tops.Count == 1
            ? $"{model.TokenText(tops[0].Id)} {tops[0].Probability.ToString("P0", CultureInfo.InvariantCulture)}"
            : Common(tops);
    }

    private string Common(List<TopAnswer> tops)
    {
        var most = tops.GroupBy(top => top.Id)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key)
            .First();
        return $"{model.TokenText(most.Key)} in {most.Count()} of {tops.Count}";
    }

    private object Data() =>
        new
        {
            Prompts = prompts.Select(prompt => new
            {
                prompt.Text?.Text,
                prompt.Text?.Tokens,
                AnswerId = prompt.Answer,
                WrongId = prompt.Wrong,
            }),
            lens.Rows,
            Columns = lens.Columns.Select(column => new { column.Label, column.Positions }),
            lens.Difference,
            Warnings = Warnings(),
            Metrics = lens.Metrics.Select(
                (metric, index) => new { metric.Name, Grid = StudyText.Data(lens.Grids[index]) }
            ),
            Tops = lens.Tops.Select(tops => tops.Chunk(lens.Columns.Length).Select(row => row.Select(Top))),
            Attribution = attribution is null ? null : AttributionReport.Data(attribution),
        };

    private object Top(TopAnswer top) => SweepText.Data(top, model);
}
