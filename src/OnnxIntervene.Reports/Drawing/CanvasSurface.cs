using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints on a canvas, whatever the canvas makes of it.</summary>
internal abstract class CanvasSurface : DrawingSurface, IDisposable
{
    private static readonly SKColor s_ink = new(0x1E, 0x1E, 0x1E);
    private static readonly SKColor s_faintInk = new(0xA0, 0xA0, 0xA0);
    private static readonly SKColor s_frame = new(0x60, 0x60, 0x60);

    private protected abstract SKCanvas Canvas { get; }

    public override bool CanShow(Rune rune) => EmbeddedFont.Has(rune);

    public override void Fill(SKRect area, RgbColor color, string tooltip = "")
    {
        // Smoothed edges would let the white below shine through between cells.
        using var paint = new SKPaint { Color = Of(color), IsAntialias = false };
        Canvas.DrawRect(area, paint);
    }

    public override void Frame(SKRect area)
    {
        using var paint = Stroke(s_frame, 0.75f);
        Canvas.DrawRect(area, paint);
    }

    public override void Line(SKPoint from, SKPoint to)
    {
        using var paint = Stroke(s_frame, 0.75f);
        Canvas.DrawLine(from, to, paint);
    }

    public override void Polyline(ReadOnlySpan<SKPoint> points, LineStyle style)
    {
        using var path = Path(points, isClosed: false);
        using var paint = Stroke(Of(style.Color, style.Opacity), style.Width);
        using var dash = style.Dash > 0 ? SKPathEffect.CreateDash([style.Dash, style.Dash * 0.75f], 0) : null;
        paint.PathEffect = dash;
        paint.StrokeJoin = SKStrokeJoin.Round;
        Canvas.DrawPath(path, paint);
    }

    public override void Band(ReadOnlySpan<SKPoint> outline, RgbColor color)
    {
        using var path = Path(outline, isClosed: true);
        using var paint = new SKPaint { Color = Of(color, SeriesStyles.BandOpacity), IsAntialias = true };
        Canvas.DrawPath(path, paint);
    }

    public override void Dot(SKPoint center, float radius, RgbColor color)
    {
        using var paint = new SKPaint { Color = Of(color), IsAntialias = true };
        Canvas.DrawCircle(center, radius, paint);
    }

    public override void Cells(SKRect area, CellRaster cells) =>
        Canvas.DrawImage(cells.Image, area, new SKSamplingOptions(SKFilterMode.Nearest));

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
        Canvas.Save();
        Canvas.Translate(spot.X, spot.Y);
        Canvas.RotateDegrees(spot.IsTurned ? -90 : 0);
        var x = -share * widths.Sum();
        for (var index = 0; index < parts.Length; index++)
        {
            using var paint = new SKPaint { Color = parts[index].IsFaint ? s_faintInk : s_ink, IsAntialias = true };
            Canvas.DrawText(parts[index].Text, x, spot.Drop, SKTextAlign.Left, font, paint);
            x += widths[index];
        }

        Canvas.Restore();
    }

    public abstract void Dispose();

    private static SKPath Path(ReadOnlySpan<SKPoint> points, bool isClosed)
    {
        using var builder = new SKPathBuilder();
        builder.AddPoly(points.ToArray(), isClosed);
        return builder.Detach();
    }

    private static SKColor Of(RgbColor color, float opacity = 1) =>
        new(color.Red, color.Green, color.Blue, (byte)MathF.Round(opacity * 255));

    private static SKPaint Stroke(SKColor color, float width) =>
        new()
        {
            Color = color,
            IsStroke = true,
            StrokeWidth = width,
            IsAntialias = true,
        };
}
