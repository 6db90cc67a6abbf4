using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a steering search: effect and cost, layers down and coefficients across.</summary>
internal sealed class SteeringReport(
    LoadedModel model,
    SteeringSearchRequest request,
    SteeringSearchResult found,
    double mostCost
)
{
    private static readonly string[] s_none = [];
    private static readonly double[] s_costs = [1, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10];

    private string EffectTitle =>
        found.Score switch
        {
            SteeringScore.NextToken => "probability of the words",
            SteeringScore.GeneratedText => "share of the words",
            _ => "shift along the vector",
        };

    private bool HasTexts => found.Score == SteeringScore.GeneratedText;

    public Report Create() =>
        new()
        {
            Title = "Steering search",
            Summary =
                "What steering at each layer with each coefficient adds to what the model does after the prompts, and "
                + "what it costs: how many times the perplexity of neutral texts grows.",
            Facts = [.. StudyText.Facts(model, request.Prompts), .. Facts()],
            Warnings = [.. Warnings()],
            Heatmaps =
            [
                Heatmap("effect", $"Effect: {EffectTitle}", EffectTitle, found.Effect),
                Heatmap("cost", "Cost: times the perplexity", "times the perplexity", found.Cost),
            ],
            Figures = [new ReportFigure("effect-against-cost", Against())],
            Tables = [Table()],
            Json = JsonText.Of(Data()),
        };

    private IEnumerable<ReportFact> Facts()
    {
        yield return new("neutral texts", $"{request.Neutral.Length}");
        yield return new("perplexity without steering", Number(found.Unsteered.Perplexity));
        if (request.Generated is { } generated)
            yield return new("texts after each prompt", $"{generated.Samples}");
        yield return new(
            found.Score == SteeringScore.Projection
                ? $"length along the vector at layer {found.ReadLayer} without steering"
                : $"{EffectTitle} without steering",
            Number(found.ScoreOf(found.Unsteered))
        );
        yield return new(
            $"greatest effect at {Number(mostCost)} times the perplexity or less",
            found.Best(mostCost) is { } best
                ? $"{Number(found.Effect(best))}: layer {best.Layer}, coefficient {Number(best.Coefficient)}"
                : "no cell costs so little"
        );
    }

    private IEnumerable<string> Warnings()
    {
        if (found.Score == SteeringScore.Projection && found.Layers.Length > 1)
            yield return $"The shift is read at layer {found.ReadLayer}, where steering adds the vector itself; words "
                + "compare layers better.";
        if (found.Cells.Any(cell => !double.IsFinite(cell.Perplexity)))
            yield return "Some cells' perplexity is beyond all numbers; their coefficients are too great.";
    }

    private ReportHeatmap Heatmap(string name, string title, string label, Func<SteeringSearchCell, double> value)
    {
        ImmutableArray<double> values = [.. found.Cells.Select(value).Select(Finite)];
        return new ReportHeatmap(
            name,
            new Heatmap
            {
                Title = title,
                RowLabels = [.. found.Layers.Select(layer => $"{layer}")],
                ColumnLabels = [.. found.Coefficients.Select(number => Number(number))],
                Values = values,
                RowAxis = "Layer",
                ColumnAxis = "Coefficient",
                ValueLabel = label,
                Scale = ColorScale.For(values),
            }
        );
    }

    // For each limit of the cost, the greatest effect that a layer has within it.
    private LinePlot Against() =>
        new()
        {
            Title = "Effect against cost",
            Axis = "Cost at most, times the perplexity",
            AxisLabels = [.. s_costs.Select(cost => Number(cost))],
            ValueLabel = EffectTitle,
            Series =
            [
                .. found.Layers.Select(layer => new LineSeries(
                    $"layer {layer}",
                    [
                        .. s_costs.Select(cost =>
                            found.Best(cost, layer) is { } best ? Finite(found.Effect(best)) : double.NaN
                        ),
                    ]
                )),
            ],
        };

    private ReportTable Table() =>
        new(
            "Effect and cost of each cell",
            ["layer", "coefficient", EffectTitle, .. HasTexts ? ["texts with one"] : s_none, "perplexity", "times"],
            [
                .. found.Cells.Select(cell =>
                    (ImmutableArray<string>)
                        [
                            $"{cell.Layer}",
                            Number(cell.Coefficient),
                            Number(found.Effect(cell)),
                            .. HasTexts ? [Number(cell.TextShare)] : s_none,
                            Number(cell.Perplexity),
                            Number(found.Cost(cell)),
                        ]
                ),
            ]
        );

    private object Data() =>
        new
        {
            Model = StudyFacts.ModelName(model),
            request.Vector.Component,
            Prompts = request.Prompts.Length,
            Neutral = request.Neutral.Length,
            Score = SteeringScoreOptions.NameOf(found.Score),
            request.Words,
            Generated = request.Generated is { } generated ? Data(generated) : null,
            found.ReadLayer,
            Unsteered = Data(found.Unsteered),
            Best = found.Best(mostCost) is { } best ? Data(best) : null,
            Cells = found.Cells.Select(Data),
        };

    private static object Data(GeneratedTextScore generated) =>
        new
        {
            Words = generated.Bag.Entries,
            generated.Samples,
            generated.Options.MaximumNewTokens,
            generated.Options.Temperature,
            generated.Options.Seed,
        };

    private object Data(SteeringSearchCell cell) =>
        new
        {
            cell.Layer,
            cell.Coefficient,
            Effect = Finite(found.Effect(cell)),
            Cost = Finite(found.Cost(cell)),
            Projection = Finite(cell.Projection),
            WordProbability = found.Score == SteeringScore.NextToken ? Finite(cell.WordProbability) : (double?)null,
            WordShare = HasTexts ? cell.WordShare : (double?)null,
            TextShare = HasTexts ? cell.TextShare : (double?)null,
            Perplexity = Finite(cell.Perplexity),
        };

    private static double Finite(double number) => double.IsFinite(number) ? number : double.NaN;

    private static string Number(double number) => number.ToString("0.####", CultureInfo.InvariantCulture);
}
