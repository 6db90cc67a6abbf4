using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The part of the logit lens's report that is about direct logit attribution.</summary>
internal static class AttributionReport
{
    private const int MostHeads = 10;

    public static ImmutableArray<ReportFact> Facts(LogitAttributionResult result) =>
        [
            new(
                "attributed",
                (result.IsDifference ? "logit difference" : "logit of the answer")
                    + (result.IsBeforeCap ? ", before the cap on logits" : "")
                    + $": {StudyText.Mean(result.Total)}, the final norm's scale frozen"
            ),
            new("sum of the parts less it", result.Error.ToString("G2", CultureInfo.InvariantCulture)),
        ];

    public static ImmutableArray<ReportHeatmap> Heatmaps(
        ImmutableArray<StudyPrompt> prompts,
        LogitAttributionResult result
    ) =>
        [
            Parts(
                StudyText.Heatmap(prompts, result.Parts, $"What each sub-layer adds to the {Wanted(result)}", "logits")
            ),
            .. result.Heads is { } heads
                ? new[] { StudyText.Heatmap(prompts, heads, $"What each head adds to the {Wanted(result)}", "logits") }
                : [],
        ];

    public static ImmutableArray<ReportTable> Tables(LogitAttributionResult result) =>
        [
            new(
                $"What each part adds to the {Wanted(result)}",
                ["part", "logits"],
                [
                    ["embedding", StudyText.Mean(result.Embedding)],
                    .. result.Parts.Layout.Rows.SelectMany((_, layer) => Layer(result, layer)),
                    ["constant", StudyText.Mean(result.Constant)],
                    ["sum", StudyText.Mean(result.Total)],
                ]
            ),
            .. result.Heads is null ? Array.Empty<ReportTable>() : [Heads(result)],
        ];

    public static object Data(LogitAttributionResult result) =>
        new
        {
            result.IsDifference,
            result.IsBeforeCap,
            result.Error,
            Total = StudyText.Data(result.Total),
            Embedding = StudyText.Data(result.Embedding),
            Constant = StudyText.Data(result.Constant),
            Parts = StudyText.Data(result.Parts),
            Heads = result.Heads is { } heads ? StudyText.Data(heads) : null,
            Biases = result.Biases is { } biases ? StudyText.Data(biases) : null,
            result.WhyNoHeads,
        };

    private static IEnumerable<ImmutableArray<string>> Layer(LogitAttributionResult result, int layer) =>
        result
            .Parts.Layout.Columns.Select((name, column) => (Name: name, Column: column))
            .Where(part => result.Parts.Count[layer, part.Column] > 0)
            .Select(part =>
                ImmutableArray.Create(
                    $"{part.Name}.{layer}",
                    StudyText.Mean(
                        result.Parts.Mean[layer, part.Column],
                        result.Parts.StandardError[layer, part.Column]
                    )
                )
            );

    private static ReportTable Heads(LogitAttributionResult result)
    {
        var heads = result.Heads!;
        var rows = heads
            .Layout.Rows.SelectMany((_, layer) => heads.Layout.Columns.Select((_, head) => (Layer: layer, Head: head)))
            .Where(place => heads.Count[place.Layer, place.Head] > 0)
            .OrderByDescending(place => Math.Abs(heads.Mean[place.Layer, place.Head]))
            .Take(MostHeads)
            .Select(place =>
                ImmutableArray.Create(
                    $"{place.Layer}.{place.Head}",
                    StudyText.Mean(heads.Mean[place.Layer, place.Head], heads.StandardError[place.Layer, place.Head])
                )
            );
        return new ReportTable($"Heads that add the most to the {Wanted(result)}", ["head", "logits"], [.. rows]);
    }

    private static ReportHeatmap Parts(ReportHeatmap parts) =>
        parts with
        {
            Heatmap = parts.Heatmap with { RowAxis = "Part" },
        };

    private static string Wanted(LogitAttributionResult result) =>
        result.IsDifference ? "logit difference" : "answer's logit";
}
