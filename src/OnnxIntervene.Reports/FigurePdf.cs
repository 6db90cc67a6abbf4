using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Draws a figure as a PDF page of its own size, for a paper: shapes and text, the font inside.</summary>
public static class FigurePdf
{
    /// <summary>The document's bytes.</summary>
    /// <exception cref="ArgumentException">The figure's labels and values do not fit each other.</exception>
    public static byte[] Render(Figure figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        var picture = Picture.Of(figure);
        using var surface = new PdfSurface(picture.Width, picture.Height, figure.Title);
        picture.Paint(surface);
        return surface.Close();
    }
}
