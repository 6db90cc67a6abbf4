using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Patterns;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;
using Figures = OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of attention patterns: scores of all heads, and the patterns of some.</summary>
internal sealed class PatternReport(
    LoadedModel model,
    ImmutableArray<StudyPrompt> prompts,
    PatternResult result,
    ImmutableArray<HeadAddress> heads,
    ImmutableArray<NumericArray> patterns
)
{
    private const int MostHeads = 5;
    private const int LongestPicture = 256;

    public Report Create() =>
        new()
        {
            Title = "Attention patterns",
            Summary =
                "How much of each head's attention goes to the previous token; at tokens that occurred before, how "
                + "much goes to the same token (duplicate token), and how much to what followed it then (induction).",
            Facts =
            [
                .. StudyText.Facts(model, prompts),
                new(
                    "tokens",
                    prompts.Length == 1 ? $"{prompts[0].Length}" : $"{prompts[0].Length} in the first prompt"
                ),
                .. PatternScore.All.Select(score => new ReportFact($"best {score.Title} head", Best(score))),
            ],
            Warnings = [.. Warnings()],
            Heatmaps = [.. PatternScore.All.Where(IsMeasured).Select(Scores)],
            Figures = Figure is { } figure ? [new ReportFigure("head", figure)] : [],
            Tables = [Heads()],
            Json = JsonText.Of(Data()),
        };

    /// <summary>The heads and their patterns; null where none is drawn.</summary>
    public Figures.AttentionPatterns? Figure =>
        IsDrawn && result.Layers.Length > 0 && Shown is { Length: > 0 } shown
            ? new Figures.AttentionPatterns
            {
                Title = $"What heads attend to{(prompts.Length > 1 ? " in the first prompt" : "")}",
                Tokens = Labels(prompts[0].Text?.Tokens ?? [], patterns[0].Shape[0]),
                Grid = Grid(),
                Patterns = shown,
            }
            : null;

    // Heads of layers that were scored have a place in the grid.
    private ImmutableArray<HeadPattern> Shown =>
        [
            .. heads
                .Zip(patterns)
                .Where(item => result.Layers.Contains(item.First.Layer))
                .Select(item => new HeadPattern(
                    result.Layers.IndexOf(item.First.Layer),
                    item.First.Head,
                    [.. item.Second.Floats]
                )),
        ];

    private bool IsDrawn => prompts[0].Length <= LongestPicture;

    private bool IsMeasured(PatternScore score) => !result.Best(score, 1).IsEmpty;

    private IEnumerable<string> Warnings()
    {
        if (!IsMeasured(PatternScore.DuplicateToken))
            yield return "No token occurs twice in a prompt, so that there is no duplicate-token or induction score. "
                + "Give other prompts, or --random-tokens.";
        if (!IsDrawn)
            yield return $"The patterns of {prompts[0].Length} tokens are in the JSON; pictures are drawn of at most "
                + $"{LongestPicture}.";
    }

    private string Best(PatternScore score) =>
        result.Best(score, 1) is [var head] ? $"{head} ({Number(score, head)})" : "not measured";

    private string Number(PatternScore score, HeadAddress head)
    {
        var (grid, row) = (result.Of(score), result.Layers.IndexOf(head.Layer));
        return row < 0 ? "" : StudyText.Mean(grid.Mean[row, head.Head], grid.StandardError[row, head.Head]);
    }

    private ReportHeatmap Scores(PatternScore score) =>
        StudyText.Heatmap(
            prompts,
            result.Of(score),
            $"Heads: {score.Title} score",
            score.Title,
            ColorScale.Sequential(0, 1)
        );

    // Layers down and heads across, as a figure of heads has them.
    private Heatmap Grid()
    {
        var score = IsMeasured(PatternScore.Induction) ? PatternScore.Induction : PatternScore.PreviousToken;
        var grid = result.Of(score);
        return new Heatmap
        {
            Title = $"Heads: {score.Title} score",
            RowLabels = grid.Layout.Rows,
            ColumnLabels = grid.Layout.Columns,
            Values = [.. grid.Mean.Values.ToArray().Select(number => (double)number)],
            RowAxis = "Layer",
            ColumnAxis = "Head",
            ValueLabel = score.Title,
            Scale = ColorScale.Sequential(0, 1),
        };
    }

    private static ImmutableArray<string> Labels(ImmutableArray<string> tokens, int count) =>
        tokens.Length == count
            ? tokens
            : [.. Enumerable.Range(0, count).Select(index => index.ToString(CultureInfo.InvariantCulture))];

    private ReportTable Heads() =>
        new(
            "Heads of the highest scores",
            ["score", "head", "mean"],
            [
                .. PatternScore.All.SelectMany(score =>
                    result
                        .Best(score, MostHeads)
                        .Select(head => ImmutableArray.Create(score.Title, $"{head}", Number(score, head)))
                ),
            ]
        );

    private object Data() =>
        new
        {
            Prompts = prompts.Select(prompt => new { prompt.Text?.Text, Ids = prompt.Text?.Ids }),
            result.Layers,
            Warnings = Warnings(),
            Scores = result.Grids.Select(StudyText.Data),
            Best = PatternScore.All.Select(score => new
            {
                Score = score.Name,
                Heads = result.Best(score, MostHeads).Select(head => new { head.Layer, head.Head }),
            }),
            Patterns = heads.Zip(
                patterns,
                (head, pattern) =>
                    new
                    {
                        head.Layer,
                        head.Head,
                        Probabilities = Enumerable
                            .Range(0, pattern.Shape[0])
                            .Select(query => pattern.Row(query).Floats.ToArray()),
                    }
            ),
        };
}
