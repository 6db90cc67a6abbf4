using System.IO.Compression;
using System.Text;

namespace OnnxIntervene.Tests.Formats;

/// <summary>Writes zip files like torch's with any pickle inside, whole or broken.</summary>
internal static class TorchArchive
{
    /// <summary>The storage of four floats that <see cref="Tensor"/> names.</summary>
    public static readonly byte[] FourFloats = [.. new float[] { 1, 2, 3, 4 }.SelectMany(BitConverter.GetBytes)];

    /// <summary>A pickle from text, in which \xNN is a byte.</summary>
    public static byte[] Pickle(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A dictionary with one tensor "a" over a storage of torch's type.</summary>
    public static byte[] Tensor(
        string shape,
        string strides,
        string offset = "K\0",
        string count = "K\x04",
        string storage = "FloatStorage",
        string key = "0"
    ) =>
        Pickle(
            "\u0080\u0002}"
                + Text("a")
                + "ctorch._utils\n_rebuild_tensor_v2\n(("
                + Text("storage")
                + $"ctorch\n{storage}\n"
                + Text(key)
                + Text("cpu")
                + count
                + "tQ"
                + $"{offset}({shape}t({strides}t\u0089ccollections\nOrderedDict\n)RtRs."
        );

    public static string Text(string text) => $"X{(char)text.Length}\0\0\0{text}";

    public static void Write(
        string path,
        byte[] pickle,
        byte[]? storage = null,
        CompressionLevel level = CompressionLevel.NoCompression,
        string folder = "archive"
    )
    {
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        Add(zip, $"{folder}/data.pkl", pickle, level);
        Add(zip, $"{folder}/byteorder", "little"u8.ToArray(), level);
        Add(zip, $"{folder}/data/0", storage ?? FourFloats, level);
    }

    public static void Add(ZipArchive zip, string name, byte[] content, CompressionLevel level)
    {
        using var stream = zip.CreateEntry(name, level).Open();
        stream.Write(content);
    }
}
