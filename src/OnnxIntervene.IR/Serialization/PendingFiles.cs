namespace OnnxIntervene.IR.Serialization;

/// <summary>Files written under other names until all of them are whole; what was not committed is deleted.</summary>
internal sealed class PendingFiles : IDisposable
{
    private readonly List<(string Temporary, string Final)> _files = [];

    public void Write(string path, Action<Stream> write)
    {
        var temporary = $"{path}.{Environment.ProcessId}.partial";
        _files.Add((temporary, path));
        using var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write);
        write(stream);
    }

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
