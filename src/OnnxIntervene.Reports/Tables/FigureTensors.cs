using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Reports.Tables;

/// <summary>Figures' numbers as named tensors, and what their axes are as metadata.</summary>
internal sealed class FigureTensors
{
    private readonly SortedDictionary<string, NumericArray> _tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, NumericArray> Tensors => _tensors;

    /// <summary>For each tensor <c>NAME.axes</c>, a JSON list of the axes' names and labels, outermost first.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Adds a figure's numbers.</summary>
    public void Add(string name, Figure figure)
    {
        figure.Check();
        switch (figure)
        {
            case Heatmap heatmap:
                AddGrids(name, [], [heatmap]);
                break;
            case HeatmapStack stack:
                AddGrids(name, stack.Choices, stack.Slices);
                break;
            case LinePlot plot:
                AddLines(name, plot);
                break;
            case NodeGraph graph:
                AddGraph(name, graph);
                break;
            case AttentionPatterns patterns:
                AddPatterns(name, patterns);
                break;
            default:
                throw new UnreachableException($"No tensors are known of {figure.GetType().Name}.");
        }
    }

    private void AddGrids(string name, ImmutableArray<StackChoice> choices, ImmutableArray<Heatmap> grids)
    {
        var first = grids[0];
        var axes = choices
            .Select(choice => (choice.Name, choice.Labels))
            .Append((first.RowAxis, first.RowLabels))
            .Append((first.ColumnAxis, first.ColumnLabels))
            .ToList();
        AddNumbers(name, axes, grids.SelectMany(grid => grid.Values));
        if (grids.All(grid => !grid.Errors.IsEmpty))
            AddNumbers($"{name}.standard_error", axes, grids.SelectMany(grid => grid.Errors));
        if (grids.All(grid => !grid.Counts.IsEmpty))
            AddCounts($"{name}.count", axes, grids.SelectMany(grid => grid.Counts));
    }

    private void AddLines(string name, LinePlot plot)
    {
        List<(string, ImmutableArray<string>)> axes =
        [
            ("Series", [.. plot.Series.Select(series => series.Name)]),
            (plot.Axis, plot.AxisLabels),
        ];
        AddNumbers(name, axes, plot.Series.SelectMany(series => series.Values));
        if (plot.Series.All(series => !series.Errors.IsEmpty))
            AddNumbers($"{name}.standard_error", axes, plot.Series.SelectMany(series => series.Errors));
        if (plot.Series.All(series => !series.Counts.IsEmpty))
            AddCounts($"{name}.count", axes, plot.Series.SelectMany(series => series.Counts));
    }

    private void AddGraph(string name, NodeGraph graph)
    {
        var labels = graph.Edges.Select(edge =>
            $"{graph.Nodes[edge.From].Name} → {graph.Nodes[edge.To].Name}"
            + (edge.Label.Length > 0 ? $".{edge.Label}" : "")
        );
        AddNumbers(name, [("Edge", [.. labels])], graph.Edges.Select(edge => edge.Value));
    }

    private void AddPatterns(string name, AttentionPatterns figure)
    {
        var heads = figure.Patterns.Select(pattern =>
            $"{figure.Grid.RowLabels[pattern.Layer]}.{figure.Grid.ColumnLabels[pattern.Head]}"
        );
        List<(string, ImmutableArray<string>)> axes =
        [
            ("Layer.Head", [.. heads]),
            ("Query", figure.Tokens),
            ("Key", figure.KeyTokens),
        ];
        AddNumbers(name, axes, figure.Patterns.SelectMany(pattern => pattern.Weights.Select(weight => (double)weight)));
    }

    private void AddNumbers(
        string name,
        List<(string Name, ImmutableArray<string> Labels)> axes,
        IEnumerable<double> numbers
    )
    {
        var floats = numbers.Select(number => (float)number).ToArray();
        Add(name, axes, NumericArray.Of(floats, Shape(axes)));
    }

    private void AddCounts(
        string name,
        List<(string Name, ImmutableArray<string> Labels)> axes,
        IEnumerable<int> counts
    )
    {
        var integers = counts.Select(count => (long)count).ToArray();
        Add(name, axes, NumericArray.Of(integers, Shape(axes)));
    }

    private void Add(string name, List<(string Name, ImmutableArray<string> Labels)> axes, NumericArray tensor)
    {
        _tensors.Add(name, tensor);
        var described = axes.Select(axis => new { name = axis.Name, labels = axis.Labels });
        _metadata.Add($"{name}.axes", JsonSerializer.Serialize(described));
    }

    private static int[] Shape(List<(string Name, ImmutableArray<string> Labels)> axes) =>
        [.. axes.Select(axis => axis.Labels.Length)];
}
