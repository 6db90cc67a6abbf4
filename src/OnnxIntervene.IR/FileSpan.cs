namespace OnnxIntervene.IR;

/// <summary>Bytes that stay in a file until they are read.</summary>
/// <param name="Path">The full path of the file, links resolved.</param>
/// <param name="Offset">Where the bytes begin, from the file's start.</param>
/// <param name="Length">How many bytes.</param>
public sealed record FileSpan(string Path, long Offset, long Length)
{
    /// <summary>Reads the bytes.</summary>
    /// <exception cref="ModelFormatException">
    /// The file ends before the span does, or the span is longer than an array can be.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public byte[] Read()
    {
        if (Length > Array.MaxLength)
            throw new ModelFormatException($"'{Path}': a tensor of {Length} bytes is too long to be read at once.");
        using var file = System.IO.File.OpenHandle(Path);
        if (Offset + Length > RandomAccess.GetLength(file))
            throw new ModelFormatException(
                $"'{Path}' is shorter than it was: bytes {Offset} to {Offset + Length} are not in it."
            );
        var bytes = new byte[Length];
        var done = 0;
        while (done < bytes.Length)
        {
            var count = RandomAccess.Read(file, bytes.AsSpan(done), Offset + done);
            if (count == 0)
                throw new ModelFormatException($"'{Path}' ended while bytes {Offset} to {Offset + Length} were read.");
            done += count;
        }

        return bytes;
    }
}
