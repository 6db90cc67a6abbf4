namespace OnnxIntervene.Interventions.Files;

/// <summary>
/// Files of a folder that are written beside it until all of them are whole. Disposing deletes what was not committed.
/// </summary>
internal sealed class PendingFolder : IDisposable
{
    private readonly string _final;
    private readonly string _temporary;

    public PendingFolder(string folder)
    {
        _final = folder;
        _temporary = System.IO.Path.Combine(folder, $".{Environment.ProcessId}.partial");
        Directory.CreateDirectory(_temporary);
    }

    /// <summary>Where to write the file that will have this name.</summary>
    public string Path(string name) => System.IO.Path.Combine(_temporary, name);

    /// <summary>Gives every file its place, replacing what bore its name.</summary>
    public void Commit()
    {
        foreach (var file in Directory.GetFiles(_temporary))
            File.Move(file, System.IO.Path.Combine(_final, System.IO.Path.GetFileName(file)), overwrite: true);
    }

    public void Dispose() => Directory.Delete(_temporary, recursive: true);
}
