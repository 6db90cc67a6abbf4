using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Draws a heatmap as SVG for a page; pointing at a cell shows its exact number.</summary>
public static class HeatmapSvg
{
    /// <summary>The SVG element: well-formed XML, its text in the colour of the text around it.</summary>
    /// <exception cref="ArgumentException">The heatmap's labels and values do not fit each other.</exception>
    public static string Render(Heatmap heatmap)
    {
        ArgumentNullException.ThrowIfNull(heatmap);
        return Render(heatmap, heatmap);
    }

    /// <summary>The same without title and caption, which a page sets itself.</summary>
    internal static string RenderBare(Heatmap heatmap) => Render(heatmap with { Title = "", Caption = "" }, heatmap);

    private static string Render(Heatmap shown, Heatmap named)
    {
        named.Check();
        var layout = HeatmapLayout.Of(shown);
        var surface = new SvgSurface(layout.Width, layout.Height, named.Title);
        new HeatmapPainter(surface, shown, layout).Paint();
        return surface.Close();
    }
}
