namespace OnnxIntervene.IR.Files;

/// <summary>Writes a file under another name, and names it when it is whole and on the disk.</summary>
internal static class PendingFile
{
    /// <summary>Writes a file; its folder is made when it is missing.</summary>
    /// <exception cref="IOException">The file cannot be written; what was there before stays.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(write);
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(folder);
        TemporaryPath.Sweep(folder, Path.GetFileName(full));
        using var temporary = new TemporaryPath(full);
        WriteThrough(temporary.Value, write);
        temporary.Keep();
        File.Move(temporary.Value, full, overwrite: true);
        FolderCalls.Flush(folder);
    }

    /// <summary>Writes a new file down to the disk, without another name.</summary>
    public static void WriteThrough(string path, Action<Stream> write)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        write(stream);
        stream.Flush(flushToDisk: true);
    }
}
