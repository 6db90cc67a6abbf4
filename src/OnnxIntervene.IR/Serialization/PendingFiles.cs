namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Files written under other names until all of them are whole. Disposing deletes what was not committed.
/// </summary>
public sealed class PendingFiles : IDisposable
{
    private readonly List<(string Temporary, string Final)> _files = [];

    /// <summary>Writes one file, and names it when it is whole.</summary>
    /// <exception cref="IOException">The file cannot be written; what was there before stays.</exception>
    public static void WriteOne(string path, Action<Stream> write)
    {
        using var files = new PendingFiles();
        files.Write(path, write);
        files.Commit();
    }

    /// <summary>Writes a file that will be <paramref name="path"/>; its folder is made when it is missing.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(write);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Environment.ProcessId}.partial";
        _files.Add((temporary, path));
        using var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write);
        write(stream);
    }

    /// <summary>Hard-links <paramref name="path"/> to an existing file.</summary>
    /// <exception cref="IOException">
    /// The file system has no hard links, or the names are on different drives.
    /// </exception>
    internal void Link(string existing, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Environment.ProcessId}.partial";
        File.Delete(temporary);
        HardLink.Create(existing, temporary);
        _files.Add((temporary, path));
    }

    /// <summary>Renames every file to its final name, replacing what has that name.</summary>
    public void Commit()
    {
        foreach (var (temporary, final) in _files)
            File.Move(temporary, final, overwrite: true);
        _files.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (temporary, _) in _files)
            File.Delete(temporary);
    }
}
