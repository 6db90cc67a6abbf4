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
    private const float Bow = 22;
    private const int Steps = 24;
    private const float TitleLine = 19;
    private const float CaptionLine = 15;

    private NodeGraphLayout() { }

    /// <summary>Each node's box.</summary>
    public required ImmutableArray<SKRect> Nodes { get; init; }

    /// <summary>Each node's row among those that are drawn, from below.</summary>
    public required ImmutableArray<int> Rows { get; init; }

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
            Rows = [.. graph.Nodes.Select(node => rows.IndexOf(node.Row))],
            Nodes = Boxes(graph, rows, widths, inner, bottom),
            TitleLines = title,
            CaptionLines = caption,
            Width = (int)MathF.Ceiling(inner + (2 * HeatmapLayout.Margin)),
            Height = (int)MathF.Ceiling(bottom + captionHeight + HeatmapLayout.Margin),
        };
    }

    public float CaptionY(int line) =>
        Height - HeatmapLayout.Margin - (CaptionLines.Length * CaptionLine) + ((line + 0.5f) * CaptionLine);

    /// <summary>
    /// An edge's way from the top of one node to the bottom of another. Past rows between, it bows aside, the further
    /// the more there are: to the right into the uppermost row, else to the left.
    /// </summary>
    /// <param name="from">The node that it leaves.</param>
    /// <param name="to">The node that it enters.</param>
    /// <param name="shift">How far it stands to the right of the nodes' middles.</param>
    public SKPoint[] Way(int from, int to, float shift)
    {
        var start = new SKPoint(Nodes[from].MidX + shift, Nodes[from].Top);
        var end = new SKPoint(Nodes[to].MidX + shift, Nodes[to].Bottom);
        var passed = Rows[to] - Rows[from] - 1;
        if (passed == 0)
            return [start, end];
        var middle = (start.X + end.X) / 2;
        var isRight = Rows[to] == Rows.Max();
        var room = isRight ? Width - HeatmapLayout.Margin - middle : middle - HeatmapLayout.Margin;
        var aside = Math.Min(Bow * (passed + 1), Math.Max(0, room)) * (isRight ? 1 : -1);
        var control = new SKPoint(middle + (2 * aside), (start.Y + end.Y) / 2);
        return [.. Enumerable.Range(0, Steps + 1).Select(step => Between(start, control, end, (float)step / Steps))];
    }

    // A quadratic Bézier curve.
    private static SKPoint Between(SKPoint start, SKPoint control, SKPoint end, float share)
    {
        var (first, second, third) = ((1 - share) * (1 - share), 2 * share * (1 - share), share * share);
        return new SKPoint(
            (first * start.X) + (second * control.X) + (third * end.X),
            (first * start.Y) + (second * control.Y) + (third * end.Y)
        );
    }

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
