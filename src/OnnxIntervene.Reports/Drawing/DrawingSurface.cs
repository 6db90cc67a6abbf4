using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>What a figure is painted on. Lengths are in points, y grows downwards.</summary>
internal abstract class DrawingSurface
{
    /// <summary>Whether a character shows as itself.</summary>
    public abstract bool CanShow(Rune rune);

    /// <summary>Whether each cell of a heatmap is a shape of its own, which a reader can point at.</summary>
    public virtual bool AreCellsShapes => true;

    /// <summary>Fills an area. A surface that cannot show a tooltip leaves it out.</summary>
    public abstract void Fill(SKRect area, RgbColor color, string tooltip = "");

    public abstract void Frame(SKRect area);

    public abstract void Line(SKPoint from, SKPoint to);

    /// <summary>Draws lines from point to point.</summary>
    public abstract void Polyline(ReadOnlySpan<SKPoint> points, LineStyle style);

    /// <summary>Fills what the points enclose, so that what is below shines through.</summary>
    public abstract void Band(ReadOnlySpan<SKPoint> outline, RgbColor color);

    public abstract void Dot(SKPoint center, float radius, RgbColor color);

    /// <summary>Fills an area with cells of which there are too many to be shapes of their own.</summary>
    public abstract void Cells(SKRect area, CellRaster cells);

    public abstract void Text(TextSpot spot, ImmutableArray<LabelPart> parts);

    public void Text(TextSpot spot, string text) => Text(spot, [new LabelPart(Label.Plain(text, CanShow), false)]);

    /// <summary>Begins a group of shapes that a page can hide. Other surfaces have no groups.</summary>
    public virtual void BeginGroup(string name) { }

    public virtual void EndGroup() { }
}
