using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Where the parts of a graph's picture are, in points.</summary>
internal sealed class NodeGraphLayout
{
    private const float NodeHeight = 22;
    private const float NodeGap = 14;
    private const float RowStep = 64;
    private const float LeastWidth = 420;
    private const float TitleLine = 19;
    private const float CaptionLine = 15;

    private NodeGraphLayout() { }

    /// <summary>Each node's box.</summary>
    public required ImmutableArray<SKRect> Nodes { get; init; }

    public required ImmutableArray<string> TitleLines { get; init; }

    public required ImmutableArray<string> CaptionLines { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public static NodeGraphLayout Of(NodeGraph graph)
    {
        var rows = graph.Nodes.Select(node => node.Row).Distinct().Order().ToList();
        var widths = graph.Nodes.Select(WidthOf).ToList();
        var inner = Math.Max(LeastWidth, rows.Max(row => RowWidth(graph, widths, row)));
        var title = Lines(graph.Title, HeatmapLayout.TitleSize, inner, 4);
        var caption = Lines(graph.Caption, HeatmapLayout.SmallSize, inner, 8);
        var top = HeatmapLayout.Margin + (title.Length * TitleLine) + HeatmapLayout.Gap;
        var bottom = top + ((rows.Count - 1) * RowStep) + NodeHeight;
        var captionHeight = caption.Length == 0 ? 0 : HeatmapLayout.Gap + (caption.Length * CaptionLine);
        return new NodeGraphLayout
        {
            Nodes = Boxes(graph, rows, widths, inner, bottom),
            TitleLines = title,
            CaptionLines = caption,
            Width = (int)MathF.Ceiling(inner + (2 * HeatmapLayout.Margin)),
            Height = (int)MathF.Ceiling(bottom + captionHeight + HeatmapLayout.Margin),
        };
    }

    public float CaptionY(int line) =>
        Height - HeatmapLayout.Margin - (CaptionLines.Length * CaptionLine) + ((line + 0.5f) * CaptionLine);

    // Each row's nodes are spread over the whole width, so that edges seldom lie over each other.
    private static ImmutableArray<SKRect> Boxes(
        NodeGraph graph,
        List<int> rows,
        List<float> widths,
        float inner,
        float bottom
    )
    {
        var boxes = new SKRect[graph.Nodes.Length];
        foreach (var row in rows)
        {
            var own = Enumerable.Range(0, boxes.Length).Where(node => graph.Nodes[node].Row == row).ToList();
            var room = (inner - own.Sum(node => widths[node])) / (own.Count + 1);
            var left = HeatmapLayout.Margin + room;
            foreach (var node in own)
            {
                var top = bottom - NodeHeight - (rows.IndexOf(row) * RowStep);
                boxes[node] = SKRect.Create(left, top, widths[node], NodeHeight);
                left += widths[node] + room;
            }
        }

        return [.. boxes];
    }

    private static float RowWidth(NodeGraph graph, List<float> widths, int row) =>
        graph.Nodes.Select((node, index) => node.Row == row ? widths[index] + NodeGap : 0).Sum() + NodeGap;

    private static float WidthOf(GraphNode node) =>
        EmbeddedFont.Measure(Label.Drawn(node.Name, isStarred: false), HeatmapLayout.FontSize) + 14;

    private static ImmutableArray<string> Lines(string text, float size, float width, int most) =>
        Wrapping.Lines(Label.Plain(text, EmbeddedFont.Has), size, width, most);
}
