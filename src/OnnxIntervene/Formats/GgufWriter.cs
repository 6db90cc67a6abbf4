using System.Runtime.InteropServices;
using System.Text;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// Writes gguf files of 32-bit floats, version 3 (ggml, docs/gguf.md): magic, version, counts, metadata, tensor
/// entries, then the tensors, each at a multiple of 32 bytes.
/// </summary>
internal static class GgufWriter
{
    private const uint Version = 3;
    private const uint TypeOfUInt32 = 4;
    private const uint TypeOfText = 8;
    private const uint Float32 = 0;
    private const int Alignment = 32;

    /// <summary>Writes a file under another name in the same folder, and then renames it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="metadata">Texts and numbers (<see cref="uint"/>) by name.</param>
    /// <param name="tensors">Arrays of floats by name.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string path,
        IReadOnlyList<(string Name, object Value)> metadata,
        IEnumerable<(string Name, NumericArray Array)> tensors
    )
    {
        var all = tensors.ToList();
        PendingFile.Write(
            path,
            stream =>
            {
                using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
                writer.Write("GGUF"u8);
                writer.Write(Version);
                writer.Write((ulong)all.Count);
                writer.Write((ulong)metadata.Count);
                foreach (var (name, value) in metadata)
                    WriteMetadata(writer, name, value);
                var offset = 0L;
                foreach (var (name, array) in all)
                    offset = WriteEntry(writer, name, array, offset);
                foreach (var (_, array) in all)
                {
                    Pad(writer);
                    writer.Write(MemoryMarshal.AsBytes(array.Floats));
                }
            }
        );
    }

    private static void WriteMetadata(BinaryWriter writer, string name, object value)
    {
        WriteText(writer, name);
        if (value is uint number)
        {
            writer.Write(TypeOfUInt32);
            writer.Write(number);
        }
        else
        {
            writer.Write(TypeOfText);
            WriteText(writer, (string)value);
        }
    }

    // Sizes innermost first; where the data is, counted from the first tensor's.
    private static long WriteEntry(BinaryWriter writer, string name, NumericArray array, long offset)
    {
        WriteText(writer, name);
        writer.Write((uint)array.Shape.Length);
        foreach (var size in array.Shape.Reverse())
            writer.Write((ulong)size);
        writer.Write(Float32);
        writer.Write((ulong)offset);
        var end = offset + ((long)array.Length * sizeof(float));
        return (end + Alignment - 1) / Alignment * Alignment;
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0)
            writer.Write((byte)0);
    }
}
