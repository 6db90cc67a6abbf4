using System.Diagnostics;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>A figure laid out: its size in points, and how it is painted.</summary>
internal sealed record Picture(int Width, int Height, Action<DrawingSurface> Paint)
{
    /// <summary>Checks and lays out a figure.</summary>
    public static Picture Of(Figure figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        figure.Check();
        return figure switch
        {
            Heatmap heatmap => Of(heatmap),
            LinePlot plot => Of(plot),
            NodeGraph graph => Of(graph),
            HeatmapStack stack => Of(PanelSheet.Of(stack)),
            AttentionPatterns patterns => Of(PanelSheet.Of(patterns)),
            _ => throw new UnreachableException($"No picture is known of {figure.GetType().Name}."),
        };
    }

    private static Picture Of(Heatmap heatmap)
    {
        var layout = HeatmapLayout.Of(heatmap);
        return new(layout.Width, layout.Height, surface => new HeatmapPainter(surface, heatmap, layout).Paint());
    }

    private static Picture Of(LinePlot plot)
    {
        var layout = LinePlotLayout.Of(plot);
        return new(layout.Width, layout.Height, surface => new LinePlotPainter(surface, plot, layout).Paint());
    }

    private static Picture Of(NodeGraph graph)
    {
        var layout = NodeGraphLayout.Of(graph);
        return new(layout.Width, layout.Height, surface => new NodeGraphPainter(surface, graph, layout).Paint());
    }

    private static Picture Of(PanelSheet sheet)
    {
        var painter = new PanelSheetPainter(sheet);
        return new(painter.Width, painter.Height, painter.Paint);
    }
}
