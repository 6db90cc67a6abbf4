using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Hub;

/// <summary>Copies files so that they can be interrupted.</summary>
internal static class FileCopy
{
    private const int BufferSize = 1 << 20;

    /// <summary>Copies one file under another name in its folder, and then renames it.</summary>
    public static void Write(string source, string place, CancellationToken cancellation) =>
        PendingFile.Write(place, stream => Write(source, stream, cancellation));

    /// <summary>Copies a file's contents.</summary>
    public static void Write(string source, Stream target, CancellationToken cancellation)
    {
        using var stream = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read);
        var buffer = new byte[BufferSize];
        while (stream.Read(buffer) is var count && count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            target.Write(buffer, 0, count);
        }
    }
}
