using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Page;

/// <summary>Figures as JSON for the page's script, their numbers compact.</summary>
internal static class FigureData
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>A list with an object for each figure. It holds no character that means something in HTML.</summary>
    public static string Of(IEnumerable<Figure> figures) => JsonSerializer.Serialize(figures.Select(Data), s_options);

    private static object Data(Figure figure) =>
        figure switch
        {
            Heatmap heatmap => Grids(figure.Title, [], [heatmap]),
            HeatmapStack stack => Grids(figure.Title, stack.Choices, stack.Slices),
            LinePlot plot => Lines(plot),
            NodeGraph graph => Graph(graph),
            AttentionPatterns patterns => Patterns(patterns),
            _ => throw new UnreachableException($"No data are known of {figure.GetType().Name}."),
        };

    private static object Grids(string title, ImmutableArray<StackChoice> choices, ImmutableArray<Heatmap> slices) =>
        new
        {
            Kind = "heatmap",
            Title = title,
            Rows = AxisData.Of(slices[0].RowAxis, slices[0].RowLabels, slices[0].EmphasizedRows),
            Columns = AxisData.Of(slices[0].ColumnAxis, slices[0].ColumnLabels, slices[0].EmphasizedColumns),
            Choices = choices.Select(choice => new { choice.Name, Labels = choice.Labels.ToArray() }),
            Slices = slices.Select(Slice),
        };

    private static object Slice(Heatmap heatmap) =>
        new
        {
            heatmap.Title,
            heatmap.ValueLabel,
            Scale = Scale(heatmap.Scale),
            Values = NumberBlock.Of(heatmap.Values),
            Errors = NumberBlock.Of(heatmap.Errors),
            Counts = heatmap.Counts.IsEmpty ? null : heatmap.Counts.ToArray(),
        };

    private static object Scale(ColorScale scale) =>
        new
        {
            scale.Minimum,
            scale.Maximum,
            Stops = scale.Stops.Select(stop => $"{stop}"),
            Missing = $"{ColorScale.Missing}",
            Ticks = AxisTicks
                .Between(scale.Minimum, scale.Maximum)
                .Select(tick => new object[] { tick.Value, tick.Text }),
        };

    private static object Lines(LinePlot plot)
    {
        var layout = LinePlotLayout.Of(plot with { Title = "", Caption = "" });
        return new
        {
            Kind = "lines",
            plot.Title,
            Axis = AxisData.Of(plot.Axis, plot.AxisLabels, []),
            plot.ValueLabel,
            Series = plot.Series.Select(series => new
            {
                series.Name,
                Values = NumberBlock.Of(series.Values),
                Errors = NumberBlock.Of(series.Errors),
                Counts = series.Counts.IsEmpty ? null : series.Counts.ToArray(),
            }),
            Top = layout.Plot.Top,
            Bottom = layout.Plot.Bottom,
            Across = Enumerable.Range(0, plot.AxisLabels.Length).Select(layout.X),
        };
    }

    private static object Graph(NodeGraph graph) =>
        new
        {
            Kind = "graph",
            graph.Title,
            Nodes = graph.Nodes.Select(node => Label.Plain(node.Name, rune => rune != Rune.ReplacementChar)),
            Edges = graph.Edges.Select(edge => new
            {
                edge.From,
                edge.To,
                edge.Label,
                Text = edge.Value.ToString("G4", CultureInfo.InvariantCulture),
            }),
        };

    private static object Patterns(AttentionPatterns figure)
    {
        var first = figure.HeatmapOf(figure.Patterns[0]);
        var isCausal = figure.Patterns.All(pattern => IsCausal(pattern, figure.KeyTokens.Length));
        var weights = figure.Patterns.SelectMany(pattern =>
            pattern.Weights.Where((_, index) => !isCausal || IsSeen(index, figure.KeyTokens.Length))
        );
        return new
        {
            Kind = "attention",
            figure.Title,
            Grid = Grids(figure.Grid.Title, [], [figure.Grid]),
            Queries = AxisData.Of(first.RowAxis, figure.Tokens, []),
            Keys = AxisData.Of(first.ColumnAxis, figure.KeyTokens, []),
            first.ValueLabel,
            Scale = Scale(first.Scale),
            IsOneText = figure.Tokens.SequenceEqual(figure.KeyTokens),
            Heads = figure.Patterns.Select(pattern => new[] { pattern.Layer, pattern.Head }),
            IsCausal = isCausal,
            Weights = NumberBlock.Of((IReadOnlyList<float>)[.. weights]),
        };
    }

    // Half of a causal head's weights need no room.
    private static bool IsCausal(HeadPattern pattern, int keys) =>
        pattern.Weights.Length == keys * keys
        && pattern.Weights.Select((weight, index) => weight == 0 || IsSeen(index, keys)).All(isSeen => isSeen);

    private static bool IsSeen(int index, int keys) => index % keys <= index / keys;
}
