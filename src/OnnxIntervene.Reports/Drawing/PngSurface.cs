using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Paints pixels. Owns the native bitmap; dispose it.</summary>
internal sealed class PngSurface : CanvasSurface
{
    private const double MostPixels = 50e6;
    private const double LongestSide = 32000;

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

    private protected override SKCanvas Canvas => _surface.Canvas;

    public byte[] Encode()
    {
        using var image = _surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public override void Dispose() => _surface.Dispose();

    private static int Pixels(int points, float scale) => Math.Max(1, (int)MathF.Round(points * scale));
}
