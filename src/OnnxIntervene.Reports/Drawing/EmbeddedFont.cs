using System.Text;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>The font inside this assembly. A machine may have no fonts, and machines' fonts differ.</summary>
internal static class EmbeddedFont
{
    private static readonly SKTypeface s_typeface = Load();
    private static readonly SKFont s_glyphs = new(s_typeface);

    /// <summary>The font at a size, drawn alike on every system.</summary>
    public static SKFont Create(float size) =>
        new(s_typeface, size)
        {
            Edging = SKFontEdging.Antialias,
            Hinting = SKFontHinting.None,
            Subpixel = true,
        };

    public static float Measure(string text, float size)
    {
        using var font = Create(size);
        return font.MeasureText(text);
    }

    public static bool Has(Rune rune) => s_glyphs.ContainsGlyph(rune.Value);

    private static SKTypeface Load()
    {
        using var stream =
            typeof(EmbeddedFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")
            ?? throw new InvalidOperationException("The assembly lacks its font. Build it from a full checkout.");
        return SKTypeface.FromStream(stream);
    }
}
