using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Draws a heatmap as a PNG picture, with the same font on every machine.</summary>
public static class HeatmapImage
{
    private const float LargestScale = 16;

    /// <summary>
    /// The picture's bytes; <paramref name="scale"/> pixels for each point, 2 for print. A heatmap of very many cells
    /// gets fewer pixels for each point, so that the picture stays below some 50 million pixels.
    /// </summary>
    /// <exception cref="ArgumentException">The heatmap's labels and values do not fit each other.</exception>
    public static byte[] Render(Heatmap heatmap, float scale = 2)
    {
        ArgumentNullException.ThrowIfNull(heatmap);
        if (scale is not (> 0 and <= LargestScale))
        {
            throw new ArgumentOutOfRangeException(
                nameof(scale),
                scale,
                $"A picture's scale is above 0 and at most {LargestScale}."
            );
        }

        heatmap.Check();
        var layout = HeatmapLayout.Of(heatmap);
        using var surface = new PngSurface(layout.Width, layout.Height, scale);
        new HeatmapPainter(surface, heatmap, layout).Paint();
        return surface.Encode();
    }
}
