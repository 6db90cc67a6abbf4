using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>The colours of a heatmap's cells as pixels. Owns the native picture; dispose it.</summary>
internal sealed class CellRaster : IDisposable
{
    // Programs that smooth enlarged pictures blur the edges of these pixels, not the cells.
    private const int PixelsPerCell = 4;
    private const int MostPixels = 1 << 22;

    private CellRaster(SKImage image) => Image = image;

    public SKImage Image { get; }

    public static CellRaster Of(Heatmap heatmap)
    {
        var (rows, columns) = (heatmap.RowLabels.Length, heatmap.ColumnLabels.Length);
        var each = (long)rows * columns * PixelsPerCell * PixelsPerCell <= MostPixels ? PixelsPerCell : 1;
        var info = new SKImageInfo(columns * each, rows * each, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var bitmap = new SKBitmap(info);
        for (var y = 0; y < info.Height; y++)
        {
            for (var x = 0; x < info.Width; x++)
            {
                var color = heatmap.Scale.At(heatmap[y / each, x / each]);
                bitmap.SetPixel(x, y, new SKColor(color.Red, color.Green, color.Blue));
            }
        }

        return new CellRaster(SKImage.FromBitmap(bitmap));
    }

    public byte[] Encode()
    {
        using var data = Image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public void Dispose() => Image.Dispose();
}
