using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>What a heatmap is painted on. Lengths are in points, y grows downwards.</summary>
internal abstract class DrawingSurface
{
    /// <summary>Whether a character shows as itself.</summary>
    public abstract bool CanShow(Rune rune);

    /// <summary>Fills an area. A surface that cannot show a tooltip leaves it out.</summary>
    public abstract void Fill(SKRect area, RgbColor color, string tooltip = "");

    public abstract void Frame(SKRect area);

    public abstract void Line(SKPoint from, SKPoint to);

    public abstract void Text(TextSpot spot, ImmutableArray<LabelPart> parts);

    public void Text(TextSpot spot, string text) => Text(spot, [new LabelPart(Label.Plain(text, CanShow), false)]);
}
