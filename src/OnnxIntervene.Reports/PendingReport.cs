namespace OnnxIntervene.Reports;

/// <summary>
/// A report's files under other names in their folder, until all are whole. Disposing deletes what was not committed.
/// </summary>
internal sealed class PendingReport(string folder) : IDisposable
{
    private readonly List<(string Temporary, string Final)> _files = [];

    public void Write(ReportFile file)
    {
        var final = Path.Combine(folder, file.Name);
        if (Directory.Exists(final))
        {
            throw new IOException(
                $"'{final}' is a folder, so no file can be written there. Choose another name, or move the folder."
            );
        }

        var temporary = Path.Combine(folder, $".{Path.GetRandomFileName()}.partial");
        using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write);
        _files.Add((temporary, final));
        stream.Write(file.Contents.Span);
    }

    /// <summary>Renames every file to its final name, replacing what has that name.</summary>
    public void Commit()
    {
        foreach (var (temporary, final) in _files)
            File.Move(temporary, final, overwrite: true);
        _files.Clear();
    }

    public void Dispose()
    {
        foreach (var (temporary, _) in _files)
            File.Delete(temporary);
    }
}
