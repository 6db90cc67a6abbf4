using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints a graph on a surface, the same way on every kind.</summary>
internal sealed class NodeGraphPainter(DrawingSurface surface, NodeGraph graph, NodeGraphLayout layout)
{
    private const float Thinnest = 0.75f;
    private const float Thickest = 4;
    private const float Spread = 5;
    private const int Below = 0;
    private const int Above = 1;

    public void Paint()
    {
        for (var line = 0; line < layout.TitleLines.Length; line++)
        {
            var y = HeatmapLayout.TitleY(line);
            var spot = new TextSpot(HeatmapLayout.Margin, y, TextAlignment.Start, HeatmapLayout.TitleSize);
            surface.Text(spot, layout.TitleLines[line]);
        }

        PaintEdges();
        PaintNodes();
        for (var line = 0; line < layout.CaptionLines.Length; line++)
        {
            var y = layout.CaptionY(line);
            var spot = new TextSpot(HeatmapLayout.Margin, y, TextAlignment.Start, HeatmapLayout.SmallSize);
            surface.Text(spot, layout.CaptionLines[line]);
        }
    }

    // Several edges between two nodes lie side by side.
    private void PaintEdges()
    {
        var largest = graph.Edges.Select(edge => Math.Abs(edge.Value)).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        var seen = new Dictionary<(int, int), int>();
        for (var index = 0; index < graph.Edges.Length; index++)
        {
            var edge = graph.Edges[index];
            var between = seen[(edge.From, edge.To)] = seen.GetValueOrDefault((edge.From, edge.To)) + 1;
            var shift = (between / 2) * Spread * (between % 2 == 0 ? 1 : -1);
            surface.BeginGroup($"edge edge-{index}");
            surface.Polyline(layout.Way(edge.From, edge.To, shift), StyleOf(edge.Value, largest));
            surface.EndGroup();
        }
    }

    private void PaintNodes()
    {
        for (var index = 0; index < graph.Nodes.Length; index++)
        {
            var box = layout.Nodes[index];
            surface.BeginGroup($"node node-{index}");
            surface.Band(
                [
                    new SKPoint(box.Left, box.Top),
                    new SKPoint(box.Right, box.Top),
                    new SKPoint(box.Right, box.Bottom),
                    new SKPoint(box.Left, box.Bottom),
                ],
                new RgbColor(128, 128, 128)
            );
            surface.Frame(box);
            var spot = new TextSpot(box.MidX, box.MidY, TextAlignment.Middle, HeatmapLayout.FontSize);
            surface.Text(spot, Label.Of(graph.Nodes[index].Name, isStarred: false, surface.CanShow));
            surface.EndGroup();
        }
    }

    private static LineStyle StyleOf(double value, double largest)
    {
        var share = largest > 0 && double.IsFinite(value) ? (float)(Math.Abs(value) / largest) : 0;
        var color = SeriesStyles.Of(value < 0 ? Below : Above).Color;
        return new LineStyle(color, Thinnest + ((Thickest - Thinnest) * share), Opacity: 0.4f + (0.6f * share));
    }
}
