using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Draws a figure as SVG; pointing at a heatmap's cell shows its exact number.</summary>
public static class FigureSvg
{
    /// <summary>The SVG element: well-formed XML, its text in the colour of the text around it.</summary>
    /// <exception cref="ArgumentException">The figure's labels and values do not fit each other.</exception>
    public static string Render(Figure figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return Render(figure, figure.Title);
    }

    /// <summary>
    /// The same without title and caption, which a page sets itself, and small: cells are one picture, not shapes.
    /// </summary>
    internal static string RenderBare(Figure figure) =>
        Render(figure with { Title = "", Caption = "" }, figure.Title, areCellsShapes: false);

    private static string Render(Figure shown, string name, bool areCellsShapes = true)
    {
        var picture = Picture.Of(shown);
        var surface = new SvgSurface(picture.Width, picture.Height, name, areCellsShapes);
        picture.Paint(surface);
        return surface.Close();
    }
}
