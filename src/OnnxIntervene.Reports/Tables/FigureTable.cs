using System.Collections.Immutable;
using System.Diagnostics;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Tables;

/// <summary>A figure's numbers as one table, a row for each number.</summary>
/// <param name="Length">How many rows there are.</param>
/// <param name="Columns">The columns, whose names differ.</param>
internal sealed record FigureTable(int Length, ImmutableArray<TableColumn> Columns)
{
    private const string Error = "standard_error";
    private const string Count = "count";

    /// <summary>Checks a figure and lists its numbers.</summary>
    public static FigureTable Of(Figure figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        figure.Check();
        var builder = new FigureTableBuilder();
        _ = figure switch
        {
            Heatmap heatmap => AddGrids(builder, [heatmap], heatmap.ValueLabel),
            HeatmapStack stack => AddStack(builder, stack),
            LinePlot plot => AddLines(builder, plot),
            NodeGraph graph => AddGraph(builder, graph),
            AttentionPatterns patterns => AddPatterns(builder, patterns),
            _ => throw new UnreachableException($"No table is known of {figure.GetType().Name}."),
        };
        return builder.Build();
    }

    private static FigureTableBuilder AddStack(FigureTableBuilder table, HeatmapStack stack)
    {
        var cells = stack.Slices[0].Values.Length;
        var labels = Enumerable.Range(0, stack.Slices.Length).Select(stack.LabelsOf).ToList();
        for (var choice = 0; choice < stack.Choices.Length; choice++)
        {
            var name = stack.Choices[choice].Name.ToLowerInvariant();
            table.AddText(name, labels.SelectMany(slice => Enumerable.Repeat(slice[choice], cells)));
        }

        var isOne = stack.Slices.Select(slice => slice.ValueLabel).Distinct().Count() == 1;
        return AddGrids(table, stack.Slices, isOne ? stack.Slices[0].ValueLabel : "value");
    }

    // Indices are there because a prompt may hold a token twice.
    private static FigureTableBuilder AddGrids(
        FigureTableBuilder table,
        ImmutableArray<Heatmap> grids,
        string valueLabel
    )
    {
        var first = grids[0];
        var (row, column) = AxisNames(first.RowAxis, first.ColumnAxis);
        var (rows, columns) = (first.RowLabels.Length, first.ColumnLabels.Length);
        var places = grids
            .SelectMany(_ => Enumerable.Range(0, rows))
            .SelectMany(down => Enumerable.Range(0, columns).Select(across => (Down: down, Across: across)))
            .ToList();
        table.AddIntegers($"{row}_index", places.Select(place => place.Down));
        table.AddText(row, places.Select(place => first.RowLabels[place.Down]));
        table.AddIntegers($"{column}_index", places.Select(place => place.Across));
        table.AddText(column, places.Select(place => first.ColumnLabels[place.Across]));
        table.AddNumbers(valueLabel, grids.SelectMany(grid => grid.Values));
        if (grids.Any(grid => !grid.Errors.IsEmpty))
            table.AddNumbers(Error, grids.SelectMany(grid => OrMissing(grid.Errors, grid.Values.Length)));
        if (grids.Any(grid => !grid.Counts.IsEmpty))
            table.AddIntegers(Count, grids.SelectMany(grid => OrNone(grid.Counts, grid.Values.Length)));
        return table;
    }

    private static FigureTableBuilder AddLines(FigureTableBuilder table, LinePlot plot)
    {
        var (places, axis) = (plot.AxisLabels.Length, plot.Axis.ToLowerInvariant());
        table.AddText("series", plot.Series.SelectMany(series => Enumerable.Repeat(series.Name, places)));
        table.AddIntegers($"{axis}_index", plot.Series.SelectMany(_ => Enumerable.Range(0, places)));
        table.AddText(axis, plot.Series.SelectMany(_ => plot.AxisLabels));
        table.AddNumbers(plot.ValueLabel, plot.Series.SelectMany(series => series.Values));
        if (plot.Series.Any(series => !series.Errors.IsEmpty))
            table.AddNumbers(Error, plot.Series.SelectMany(series => OrMissing(series.Errors, places)));
        if (plot.Series.Any(series => !series.Counts.IsEmpty))
            table.AddIntegers(Count, plot.Series.SelectMany(series => OrNone(series.Counts, places)));
        return table;
    }

    private static FigureTableBuilder AddGraph(FigureTableBuilder table, NodeGraph graph)
    {
        table.AddText("from", graph.Edges.Select(edge => graph.Nodes[edge.From].Name));
        table.AddText("to", graph.Edges.Select(edge => graph.Nodes[edge.To].Name));
        table.AddText("edge", graph.Edges.Select(edge => edge.Label));
        table.AddNumbers(graph.ValueLabel, graph.Edges.Select(edge => edge.Value));
        return table;
    }

    private static FigureTableBuilder AddPatterns(FigureTableBuilder table, AttentionPatterns figure)
    {
        var (patterns, cells) = (figure.Patterns, figure.Tokens.Length * figure.KeyTokens.Length);
        var (layers, heads) = (figure.Grid.RowLabels, figure.Grid.ColumnLabels);
        table.AddText("layer", patterns.SelectMany(pattern => Enumerable.Repeat(layers[pattern.Layer], cells)));
        table.AddText("head", patterns.SelectMany(pattern => Enumerable.Repeat(heads[pattern.Head], cells)));
        return AddGrids(table, [.. patterns.Select(figure.HeatmapOf)], "attention");
    }

    private static (string Row, string Column) AxisNames(string rowAxis, string columnAxis)
    {
        var (row, column) = (rowAxis.ToLowerInvariant(), columnAxis.ToLowerInvariant());
        return row == column ? ($"row_{row}", $"column_{column}") : (row, column);
    }

    private static IEnumerable<double> OrMissing(ImmutableArray<double> errors, int length) =>
        errors.IsEmpty ? Enumerable.Repeat(double.NaN, length) : errors;

    private static IEnumerable<int> OrNone(ImmutableArray<int> counts, int length) =>
        counts.IsEmpty ? Enumerable.Repeat(0, length) : counts;
}
