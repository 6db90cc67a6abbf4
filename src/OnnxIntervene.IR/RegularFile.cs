using System.Text;

namespace OnnxIntervene.IR;

/// <summary>
/// The one way to open a file that a user names. Directories, pipes, devices and sockets are refused before they are
/// opened: a pipe would wait for its writer, a device never end. No more is read than the file's length.
/// </summary>
internal static class RegularFile
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file, or a link to one.</param>
    /// <param name="fault">Makes the exception of a message.</param>
    /// <param name="bufferSize">Bytes that the stream reads ahead; 0 for none.</param>
    /// <param name="isPage">Whether a web page is wanted; elsewhere one is a download that failed.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FileStream Open(
        string path,
        Func<string, Exception> fault,
        int bufferSize = 4096,
        bool isPage = false
    )
    {
        Check(path, fault);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize);
        if (FaultOf(stream, isPage) is not { } wrong)
            return stream;
        stream.Dispose();
        throw fault($"'{path}' {wrong}");
    }

    /// <summary>A file's bytes, when they are not more than a limit.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[] ReadBytes(string path, long limit, Func<string, Exception> fault)
    {
        using var stream = Open(path, fault, bufferSize: 0);
        if (stream.Length > limit)
            throw fault($"'{path}' has {stream.Length} bytes; a file of this kind has at most {limit}.");
        var bytes = new byte[stream.Length];
        var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return count == bytes.Length ? bytes : bytes[..count];
    }

    /// <summary>A file of UTF-8 as text, without the mark of its byte order.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string ReadText(string path, long limit, Func<string, Exception> fault)
    {
        var bytes = ReadBytes(path, limit, fault).AsSpan();
        try
        {
            return s_strict.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException)
        {
            throw fault($"'{path}' is not UTF-8 text. Save it as UTF-8.");
        }
    }

    private static string? FaultOf(FileStream stream, bool isPage) =>
        !stream.CanSeek ? "has no length, as a file has. Write its contents to a file."
        : stream.Length > FileLimits.LargestFile
            ? $"has {stream.Length} bytes; at most {FileLimits.LargestFile} are read (--max-file, "
                + $"{nameof(FileLimits)}.{nameof(FileLimits.LargestFile)})."
        : !isPage && ForeignContents.Stray(stream) is { } stray ? $"is {stray}."
        : null;

    /// <summary>Throws when a path leads to something that is not a file.</summary>
    public static void Check(string path, Func<string, Exception> fault)
    {
        var kind = Directory.Exists(path) ? "a folder" : FileKind.Of(path);
        if (kind is not null)
            throw fault($"'{path}' is {kind}, not a file. Give the name of a file.");
    }
}
