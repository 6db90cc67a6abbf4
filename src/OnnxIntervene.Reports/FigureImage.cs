using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Draws a figure as a PNG picture, with the same font on every machine.</summary>
public static class FigureImage
{
    private const float LargestScale = 16;

    /// <summary>
    /// The picture's bytes; <paramref name="scale"/> pixels for each point, 2 for print. A figure of very many cells
    /// gets fewer pixels for each point, so that the picture stays below some 50 million pixels.
    /// </summary>
    /// <exception cref="ArgumentException">The figure's labels and values do not fit each other.</exception>
    public static byte[] Render(Figure figure, float scale = 2)
    {
        ArgumentNullException.ThrowIfNull(figure);
        if (scale is not (> 0 and <= LargestScale))
        {
            throw new ArgumentOutOfRangeException(
                nameof(scale),
                scale,
                $"A picture's scale is above 0 and at most {LargestScale}."
            );
        }

        var picture = Picture.Of(figure);
        using var surface = new PngSurface(picture.Width, picture.Height, scale);
        picture.Paint(surface);
        return surface.Encode();
    }
}
