using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints pixels. Owns the native bitmap; dispose it.</summary>
internal sealed class PngSurface : DrawingSurface, IDisposable
{
    private const double MostPixels = 50e6;
    private const double LongestSide = 32000;

    private static readonly SKColor s_ink = new(0x1E, 0x1E, 0x1E);
    private static readonly SKColor s_faintInk = new(0xA0, 0xA0, 0xA0);
    private static readonly SKColor s_frame = new(0x60, 0x60, 0x60);

    private readonly SKSurface _surface;

    public PngSurface(int width, int height, float scale)
    {
        var held = (float)
            Math.Min(
                scale,
                Math.Min(Math.Sqrt(MostPixels / ((double)width * height)), LongestSide / Math.Max(width, height))
            );
        var info = new SKImageInfo(Pixels(width, held), Pixels(height, held), SKColorType.Rgba8888, SKAlphaType.Premul);
        _surface =
            SKSurface.Create(info)
            ?? throw new InvalidOperationException(
                $"No memory for a picture of {info.Width} by {info.Height} pixels. Draw it at a smaller scale."
            );
        _surface.Canvas.Clear(SKColors.White);
        _surface.Canvas.Scale(held);
    }

    public override bool CanShow(Rune rune) => EmbeddedFont.Has(rune);

    public override void Fill(SKRect area, RgbColor color, string tooltip = "")
    {
        // Smoothed edges would let the white below shine through between cells.
        using var paint = new SKPaint { Color = new SKColor(color.Red, color.Green, color.Blue), IsAntialias = false };
        _surface.Canvas.DrawRect(area, paint);
    }

    public override void Frame(SKRect area)
    {
        using var paint = Stroke();
        _surface.Canvas.DrawRect(area, paint);
    }

    public override void Line(SKPoint from, SKPoint to)
    {
        using var paint = Stroke();
        _surface.Canvas.DrawLine(from, to, paint);
    }

    public override void Text(TextSpot spot, ImmutableArray<LabelPart> parts)
    {
        using var font = EmbeddedFont.Create(spot.Size);
        var widths = parts.Select(part => font.MeasureText(part.Text)).ToArray();
        var share = spot.Anchor switch
        {
            TextAlignment.Start => 0,
            TextAlignment.Middle => 0.5f,
            _ => 1f,
        };
        _surface.Canvas.Save();
        _surface.Canvas.Translate(spot.X, spot.Y);
        _surface.Canvas.RotateDegrees(spot.IsTurned ? -90 : 0);
        var x = -share * widths.Sum();
        for (var index = 0; index < parts.Length; index++)
        {
            using var paint = new SKPaint { Color = parts[index].IsFaint ? s_faintInk : s_ink, IsAntialias = true };
            _surface.Canvas.DrawText(parts[index].Text, x, spot.Drop, SKTextAlign.Left, font, paint);
            x += widths[index];
        }

        _surface.Canvas.Restore();
    }

    public byte[] Encode()
    {
        using var image = _surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public void Dispose() => _surface.Dispose();

    private static int Pixels(int points, float scale) => Math.Max(1, (int)MathF.Round(points * scale));

    private static SKPaint Stroke() =>
        new()
        {
            Color = s_frame,
            IsStroke = true,
            StrokeWidth = 0.75f,
            IsAntialias = true,
        };
}
