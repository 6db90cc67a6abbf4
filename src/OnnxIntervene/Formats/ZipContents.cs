using System.Collections.Immutable;
using System.IO.Compression;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// The files inside a zip file, read into memory one at a time and never onto the disk. Disposing closes the file.
/// </summary>
internal sealed class ZipContents : IDisposable
{
    // Deflate cannot shrink a byte further: zlib's technical notes.
    private const long LargestRatio = 1032;

    // What compressed entries may take when unpacked, all together: so much, and a multiple of the file.
    private const long SmallUnpacked = 48L << 20;
    private const long UnpackedRatio = 3;

    private readonly ZipArchive _archive;
    private readonly string _path;
    private readonly ImmutableDictionary<string, ZipArchiveEntry> _entries;

    private ZipContents(ZipArchive archive, string path, ImmutableDictionary<string, ZipArchiveEntry> entries)
    {
        _archive = archive;
        _path = path;
        _entries = entries;
    }

    /// <summary>How many bytes compressed entries may take in memory, all together.</summary>
    public required long LargestUnpacked { get; init; }

    /// <summary>The entries' names.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Opens a zip file. Nothing is unpacked yet.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a zip file, the names or sizes of its entries are impossible, or unpacked they would take far
    /// more memory than the file has bytes.
    /// </exception>
    public static ZipContents Open(string path)
    {
        var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        try
        {
            var length = stream.Length;
            var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            var largest = SmallUnpacked + (UnpackedRatio * length);
            return new ZipContents(archive, path, Entries(archive, length, largest, path))
            {
                LargestUnpacked = largest,
            };
        }
        catch (InvalidDataException fault)
        {
            stream.Dispose();
            throw new ModelFormatException($"'{path}' is not a whole zip file: {fault.Message} Is it cut off?", fault);
        }
        catch (ModelFormatException)
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is an entry of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>How many bytes an entry claims to hold. Those of an uncompressed entry are in the file.</summary>
    /// <exception cref="ModelFormatException">There is no entry of this name.</exception>
    public long Length(string name) => Entry(name).Length;

    /// <summary>Whether an entry's bytes are in the file as they are.</summary>
    /// <exception cref="ModelFormatException">There is no entry of this name.</exception>
    public bool IsStored(string name) => Entry(name) is { } entry && entry.Length == entry.CompressedLength;

    /// <summary>An entry's bytes.</summary>
    /// <exception cref="ModelFormatException">There is no entry of this name, or it is not what it claims.</exception>
    public byte[] Read(string name)
    {
        var entry = Entry(name);
        if (entry.Length > Array.MaxLength)
            throw new ModelFormatException(
                $"'{_path}': the entry '{name}' of {entry.Length} bytes is too large; at most {Array.MaxLength} are "
                    + $"read at once."
            );
        return Read(
            name,
            (stream, length) =>
            {
                var bytes = new byte[length];
                stream.ReadExactly(bytes);
                return bytes;
            }
        );
    }

    /// <summary>
    /// What a function reads from an entry, all of whose bytes it must take. They must have the checksum that the
    /// archive says.
    /// </summary>
    /// <exception cref="ModelFormatException">There is no entry of this name, or it is not what it claims.</exception>
    public T ReadChecked<T>(string name, Func<Stream, long, T> read) =>
        Read(
            name,
            (stream, length) =>
            {
                using var counted = new ChecksumStream(stream);
                var found = read(counted, length);
                return counted.Sum == Entry(name).Crc32
                    ? found
                    : throw new ModelFormatException(
                        $"'{_path}': the entry '{name}' does not have the checksum that the archive says. The file is "
                            + "damaged; get it again."
                    );
            }
        );

    /// <summary>What a function reads from an entry, all of whose bytes it must take.</summary>
    /// <exception cref="ModelFormatException">There is no entry of this name, or it is not what it claims.</exception>
    public T Read<T>(string name, Func<Stream, long, T> read)
    {
        var entry = Entry(name);
        try
        {
            using var stream = entry.Open();
            var found = read(stream, entry.Length);
            if (stream.ReadByte() < 0)
                return found;
        }
        catch (EndOfStreamException) { }
        catch (InvalidDataException fault)
        {
            throw new ModelFormatException($"'{_path}': the entry '{name}' cannot be read: {fault.Message}", fault);
        }

        throw new ModelFormatException(
            $"'{_path}': the entry '{name}' does not hold the {entry.Length} bytes that it claims."
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private ZipArchiveEntry Entry(string name) =>
        _entries.TryGetValue(name, out var entry)
            ? entry
            : throw new ModelFormatException(
                $"'{_path}' has no entry '{name}'. It has: "
                    + $"{string.Join(", ", _entries.Keys.Order(StringComparer.Ordinal).Take(20))}."
            );

    private static ImmutableDictionary<string, ZipArchiveEntry> Entries(
        ZipArchive archive,
        long fileLength,
        long largestUnpacked,
        string path
    )
    {
        var entries = ImmutableDictionary.CreateBuilder<string, ZipArchiveEntry>(StringComparer.Ordinal);
        Int128 packed = 0;
        Int128 unpacked = 0;
        foreach (var entry in archive.Entries)
        {
            var name = entry.FullName;
            if (LeavesTheArchive(name))
                throw new ModelFormatException($"'{path}': the entry '{name}' would leave the archive.");
            if (!entries.TryAdd(name, entry))
                throw new ModelFormatException($"'{path}' has two entries '{name}'.");
            if (entry.IsEncrypted)
                throw new ModelFormatException($"'{path}': the entry '{name}' is encrypted.");
            packed += entry.CompressedLength;
            unpacked += entry.Length == entry.CompressedLength ? 0 : entry.Length;
            if (
                entry.Length < 0
                || entry.Length > (LargestRatio * (Int128)entry.CompressedLength)
                || packed > fileLength
            )
                throw new ModelFormatException(
                    $"'{path}': the entry '{name}' claims {entry.Length} bytes, which the file cannot hold."
                );
        }

        return unpacked <= largestUnpacked
            ? entries.ToImmutable()
            : throw new ModelFormatException(
                $"'{path}' would take {unpacked} bytes when unpacked; at most {largestUnpacked} are allowed. Save "
                    + $"it uncompressed."
            );
    }

    private static bool LeavesTheArchive(string name) =>
        name.Length == 0 || name[0] == '/' || name.IndexOfAny(['\\', ':']) >= 0 || name.Split('/').Contains("..");
}
