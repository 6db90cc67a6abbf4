using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Writes a PDF page of shapes and text, the font inside. Owns the native document; dispose it.</summary>
internal sealed class PdfSurface : CanvasSurface
{
    private readonly MemoryStream _stream = new();
    private readonly SKDocument _document;

    public PdfSurface(int width, int height, string title)
    {
        // No time, so that the same figure gives the same bytes.
        var metadata = new SKDocumentPdfMetadata
        {
            Title = title,
            Creator = "OnnxIntervene",
            Producer = "SkiaSharp",
            RasterDpi = 300,
            EncodingQuality = 101,
        };
        _document = SKDocument.CreatePdf(_stream, metadata);
        Canvas = _document.BeginPage(width, height);
    }

    private protected override SKCanvas Canvas { get; }

    /// <summary>Ends the document and returns its bytes.</summary>
    public byte[] Close()
    {
        _document.EndPage();
        _document.Close();
        return _stream.ToArray();
    }

    public override void Dispose()
    {
        _document.Dispose();
        _stream.Dispose();
    }
}
