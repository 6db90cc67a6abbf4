using System.Buffers.Binary;
using System.Text;

namespace OnnxIntervene.Formats;

/// <summary>
/// Writes a zip file as torch does (caffe2/serialize/inline_container.cc over miniz): nothing compressed, every entry's
/// data on a multiple of 64 bytes by an extra field "FB", sizes after the data, no times.
/// </summary>
internal sealed class TorchZipWriter(Stream stream, string folder)
{
    private const int Alignment = 64;
    private const int LocalHeaderLength = 30;
    private const int PaddingHeaderLength = 4;

    // Flags: sizes follow the data; names are UTF-8.
    private const ushort Flags = 0x0808;
    private readonly List<Entry> _entries = [];

    /// <summary>Adds an entry of the folder.</summary>
    /// <exception cref="ArgumentException">The file would be larger than 4 GiB.</exception>
    public void Add(string name, ReadOnlySpan<byte> data)
    {
        var nameBytes = Encoding.ASCII.GetBytes($"{folder}/{name}");
        var start = stream.Position + LocalHeaderLength + nameBytes.Length + PaddingHeaderLength;
        var padding = (int)((Alignment - (start % Alignment)) % Alignment);
        if (start + padding + data.Length > uint.MaxValue - (1 << 24))
            throw new ArgumentException(
                "The tensors take more than 4 GiB; a torch file of that size is not written. Save safetensors instead."
            );
        var entry = new Entry(nameBytes, Crc32.Compute(data), (uint)data.Length, (uint)stream.Position);
        _entries.Add(entry);

        Write(
            0x04034b50u,
            (ushort)0,
            Flags,
            (ushort)0,
            0u,
            0u,
            0u,
            0u,
            (ushort)nameBytes.Length,
            (ushort)(PaddingHeaderLength + padding)
        );
        stream.Write(nameBytes);
        stream.Write("FB"u8);
        Write((ushort)padding);
        stream.Write(Encoding.ASCII.GetBytes(new string('Z', padding)));
        stream.Write(data);
        Write(0x08074b50u, entry.Crc, entry.Length, entry.Length);
    }

    /// <summary>Writes the directory.</summary>
    public void Finish()
    {
        var start = stream.Position;
        foreach (var entry in _entries)
        {
            Write(
                0x02014b50u,
                0u,
                Flags,
                (ushort)0,
                0u,
                entry.Crc,
                entry.Length,
                entry.Length,
                (ushort)entry.Name.Length
            );
            Write((ushort)0, (ushort)0, (ushort)0, (ushort)0, 0u, entry.Offset);
            stream.Write(entry.Name);
        }

        var end = stream.Position;
        var count = (ulong)_entries.Count;

        // Version 0x31e made it (miniz on a Unix), version 45 reads it: torch writes the 64-bit directory in any case.
        Write(0x06064b50u, 44ul, (ushort)0x031e, (ushort)45, 0u, 0u, count, count, (ulong)(end - start), (ulong)start);
        Write(0x07064b50u, 0u, (ulong)end, 1u);
        var shortCount = (ushort)Math.Min(count, ushort.MaxValue);
        Write(0x06054b50u, 0u, shortCount, shortCount, (uint)(end - start), (uint)start, (ushort)0);
    }

    private void Write(params ReadOnlySpan<object> fields)
    {
        Span<byte> bytes = stackalloc byte[8];
        foreach (var field in fields)
        {
            var (number, length) = field switch
            {
                ushort small => ((ulong)small, 2),
                uint usual => (usual, 4),
                _ => ((ulong)field, 8),
            };
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
            stream.Write(bytes[..length]);
        }
    }

    private sealed record Entry(byte[] Name, uint Crc, uint Length, uint Offset);
}
