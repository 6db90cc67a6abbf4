using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Writes SVG.</summary>
internal sealed class SvgSurface : DrawingSurface
{
    private const string Stroke = "stroke=\"currentColor\" stroke-opacity=\"0.7\" stroke-width=\"0.75\"";

    private readonly StringBuilder _svg = new();

    /// <param name="width">In points.</param>
    /// <param name="height">In points.</param>
    /// <param name="name">What the picture shows, for those who cannot see it.</param>
    /// <param name="areCellsShapes">Whether cells are shapes with tooltips, or one small picture.</param>
    public SvgSurface(int width, int height, string name, bool areCellsShapes = true)
    {
        AreCellsShapes = areCellsShapes;
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" ");
        Append($"width=\"{width}\" height=\"{height}\" ");
        Append($"role=\"img\" aria-label=\"{Markup.Escape(name)}\" fill=\"currentColor\" ");
        Append($"font-family=\"'DejaVu Sans', Verdana, sans-serif\" style=\"white-space: pre\">\n");
    }

    public override bool AreCellsShapes { get; }

    // The reader's browser has fonts for most scripts.
    public override bool CanShow(Rune rune) => rune != Rune.ReplacementChar;

    public override void Fill(SKRect area, RgbColor color, string tooltip = "")
    {
        Append($"<rect {Place(area)} fill=\"{color}\" shape-rendering=\"crispEdges\"");
        _svg.Append(tooltip.Length > 0 ? $"><title>{Markup.Escape(tooltip)}</title></rect>\n" : "/>\n");
    }

    public override void Frame(SKRect area) => Append($"<rect {Place(area)} fill=\"none\" {Stroke}/>\n");

    public override void Line(SKPoint from, SKPoint to)
    {
        Append($"<line x1=\"{from.X:0.##}\" y1=\"{from.Y:0.##}\" x2=\"{to.X:0.##}\" y2=\"{to.Y:0.##}\" ");
        Append($"{Stroke}/>\n");
    }

    public override void Polyline(ReadOnlySpan<SKPoint> points, LineStyle style)
    {
        Append($"<polyline points=\"{Points(points)}\" fill=\"none\" stroke=\"{style.Color}\" ");
        Append($"stroke-width=\"{style.Width:0.##}\" stroke-linejoin=\"round\"");
        if (style.Opacity < 1)
            Append($" stroke-opacity=\"{style.Opacity:0.##}\"");
        if (style.Dash > 0)
            Append($" stroke-dasharray=\"{style.Dash:0.##} {style.Dash * 0.75f:0.##}\"");
        _svg.Append("/>\n");
    }

    public override void Band(ReadOnlySpan<SKPoint> outline, RgbColor color) =>
        Append(
            $"<polygon points=\"{Points(outline)}\" fill=\"{color}\" fill-opacity=\"{SeriesStyles.BandOpacity}\"/>\n"
        );

    public override void Dot(SKPoint center, float radius, RgbColor color) =>
        Append($"<circle cx=\"{center.X:0.##}\" cy=\"{center.Y:0.##}\" r=\"{radius:0.##}\" fill=\"{color}\"/>\n");

    public override void Cells(SKRect area, CellRaster cells)
    {
        Append($"<image {Place(area)} preserveAspectRatio=\"none\" image-rendering=\"pixelated\" ");
        _svg.Append("href=\"data:image/png;base64,").Append(Convert.ToBase64String(cells.Encode())).Append("\"/>\n");
    }

    public override void BeginGroup(string name) => _svg.Append($"<g class=\"{Markup.Escape(name)}\">\n");

    public override void EndGroup() => _svg.Append("</g>\n");

    public override void Text(TextSpot spot, ImmutableArray<LabelPart> parts)
    {
        var anchor = spot.Anchor switch
        {
            TextAlignment.Start => "start",
            TextAlignment.Middle => "middle",
            _ => "end",
        };
        Append($"<text x=\"{spot.X:0.##}\" y=\"{spot.Y + spot.Drop:0.##}\" ");
        Append($"font-size=\"{spot.Size:0.##}\" text-anchor=\"{anchor}\"");
        if (spot.IsTurned)
            Append($" transform=\"rotate(-90 {spot.X:0.##} {spot.Y:0.##})\"");
        _svg.Append('>');
        foreach (var part in parts)
        {
            var text = Markup.Escape(part.Text);
            _svg.Append(part.IsFaint ? $"<tspan fill-opacity=\"0.45\">{text}</tspan>" : text);
        }

        _svg.Append("</text>\n");
    }

    /// <summary>Ends the element and returns the whole text.</summary>
    public string Close() => _svg.Append("</svg>\n").ToString();

    private static string Place(SKRect area) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"x=\"{area.Left:0.##}\" y=\"{area.Top:0.##}\" width=\"{area.Width:0.##}\" height=\"{area.Height:0.##}\""
        );

    private static string Points(ReadOnlySpan<SKPoint> points)
    {
        var text = new StringBuilder();
        foreach (var point in points)
            text.Append(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? " " : "")}{point.X:0.##},{point.Y:0.##}");
        return text.ToString();
    }

    private void Append(FormattableString text) => _svg.Append(text.ToString(CultureInfo.InvariantCulture));
}
