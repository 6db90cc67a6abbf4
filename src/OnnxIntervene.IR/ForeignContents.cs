using System.Buffers.Binary;
using System.Text;

namespace OnnxIntervene.IR;

/// <summary>
/// What a file holds in place of what its name promises, told by its first bytes: downloads and checkouts leave other
/// things under the names of models.
/// </summary>
internal static class ForeignContents
{
    private const int ZipNameLength = 26;
    private const int ZipName = 30;

    // Of the file's beginning; a pointer of Git LFS is shorter.
    private const int Peeked = 512;

    private static readonly (byte[] Start, int Offset, string What)[] s_signatures =
    [
        ([0x1F, 0x8B], 0, "gzip-compressed; decompress it"),
        ("BZh"u8.ToArray(), 0, "bzip2-compressed; decompress it"),
        ([0xFD, .. "7zXZ"u8], 0, "xz-compressed; decompress it"),
        ([0x28, 0xB5, 0x2F, 0xFD], 0, "zstd-compressed; decompress it"),
        ([.. "7z"u8, 0xBC, 0xAF], 0, "a 7z archive; give the model inside"),
        ("ustar"u8.ToArray(), 257, "a tar archive; give the model inside"),
        ("GGUF"u8.ToArray(), 0, "a GGUF file, which holds weights and no graph; export the model to ONNX"),
        ([0x89, .. "HDF"u8], 0, "an HDF5 file (Keras); convert the model to ONNX"),
        ("TFL3"u8.ToArray(), 4, "a TensorFlow Lite model; convert it to ONNX"),
        ("ORTM"u8.ToArray(), 4, "a model in ONNX Runtime's own format (.ort); give the ONNX file it was made from"),
        ([0x93, .. "NUMPY"u8], 0, "a NumPy array; give an ONNX model"),
        ("%PDF"u8.ToArray(), 0, "a PDF document; give an ONNX model"),
        ([0x89, .. "PNG"u8], 0, "a picture; give an ONNX model"),
    ];

    /// <summary>
    /// What no reader wants, whatever it reads: a pointer of Git LFS, or a web page. Null for anything else. Leaves the
    /// stream at its beginning.
    /// </summary>
    public static string? Stray(Stream stream) => Stray(Peek(stream));

    /// <summary>What the file of a model holds where that is certainly not ONNX; null where it may be.</summary>
    public static string? OfModel(Stream stream)
    {
        var start = Peek(stream);
        return Stray(start)
            ?? Signed(start)
            ?? Zip(start)
            ?? Pickle(start)
            ?? Safetensors(start, stream.Length)
            ?? Text(start)
            ?? (
                start.Length > 8 && !start.ContainsAnyExcept((byte)0)
                    ? "filled with zeros, as a download that was cut off is; fetch it again"
                    : null
            );
    }

    private static ReadOnlySpan<byte> Peek(Stream stream)
    {
        var start = new byte[Peeked];
        stream.Position = 0;
        var count = stream.ReadAtLeast(start, Peeked, throwOnEndOfStream: false);
        stream.Position = 0;
        return start.AsSpan(0, count);
    }

    private static string? Stray(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return "a Git LFS pointer: the file itself was not fetched; run 'git lfs pull' in its repository, or "
                + "download it";
        var text = Encoding.ASCII.GetString(start).TrimStart('?', ' ', '\t', '\r', '\n');
        return Begins("<!doctype html") || Begins("<html")
            ? "an HTML page: a web page was saved in the file's place; download the file itself"
            : null;

        bool Begins(string mark) => text.StartsWith(mark, StringComparison.OrdinalIgnoreCase);
    }

    private static string? Signed(ReadOnlySpan<byte> start)
    {
        foreach (var (mark, offset, what) in s_signatures)
        {
            if (start.Length >= offset + mark.Length && start[offset..].StartsWith(mark))
                return what;
        }

        return null;
    }

    // torch.save writes NAME/data.pkl first.
    private static string? Zip(ReadOnlySpan<byte> start)
    {
        if (!start.StartsWith("PK\x03\x04"u8))
            return null;
        var length = start.Length < ZipName ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(start[ZipNameLength..]);
        var name = start.Length < ZipName + length ? default : start.Slice(ZipName, length);
        return name.EndsWith("data.pkl"u8) || name.EndsWith(".format_version"u8)
            ? "a torch file; export the model to ONNX"
            : "a ZIP archive; give the model inside";
    }

    // The opcode PROTO with its number; no model begins with a field of this number.
    private static string? Pickle(ReadOnlySpan<byte> start) =>
        start is [0x80, >= 2 and <= 5, ..]
            ? "a pickled Python object (torch, scikit-learn); export the model to ONNX"
            : null;

    private static string? Safetensors(ReadOnlySpan<byte> start, long length) =>
        start.Length > 8 && start[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(start) <= (ulong)length
            ? "a safetensors file, which holds weights and no graph; export the model to ONNX"
            : null;

    // A model has lengths and tags between its names, which are control characters.
    private static string? Text(ReadOnlySpan<byte> start)
    {
        foreach (var letter in start)
        {
            if (letter is not (>= (byte)' ' and <= (byte)'~' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
                return null;
        }

        return start.IsEmpty ? null
            : start[0] is (byte)'{' or (byte)'[' ? "JSON; give an ONNX model"
            : "text; give an ONNX model";
    }
}
