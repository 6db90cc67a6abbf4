namespace OnnxIntervene.IR.Files;

/// <summary>
/// A set of files of one folder, committed at one point: whoever reads the folder, whenever the process ends, finds the
/// files of the older save or those of this one. They are written into a temporary folder and down to the disk, and
/// then:
/// <list type="bullet">
/// <item>a folder that is new gets its name;</item>
/// <item>where a save only adds files beside an index that refers to them, the index is renamed last;</item>
/// <item>else the folder is exchanged for one with the new files and what else the old one held.</item>
/// </list>
/// A folder that cannot be exchanged (the current one, a mounted one, Windows) loses the older index before new files
/// are placed and gets the new one last, so that a part of a save is never taken for a whole one. Disposing deletes
/// what was not committed.
/// </summary>
internal sealed class PendingFolder : IDisposable
{
    private readonly string _folder;
    private readonly string? _index;
    private readonly bool _mayExchange;
    private readonly TemporaryPath _stage;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);

    /// <summary>Begins a save. The folder itself is made by the commit.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="index">The file without which no reader takes the others for a set; null for none.</param>
    /// <param name="exchanges">Whether the folder may be exchanged where the system can.</param>
    public PendingFolder(string folder, string? index = null, bool exchanges = true)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _folder = Path.TrimEndingDirectorySeparator(FolderBoundary.RealPath(folder));
        if (File.Exists(_folder))
            throw new IOException($"'{folder}' is a file, so no folder can have its name. Choose another.");
        _index = index;
        var parent = Path.GetDirectoryName(_folder);
        if (parent is not null)
            Directory.CreateDirectory(parent);
        _stage = Stage(exchanges ? parent : null, _folder, out _mayExchange);
    }

    /// <summary>Writes a file of the set, whose name may have folders in it.</summary>
    /// <exception cref="IOException">The file cannot be written, or its name is a folder's.</exception>
    public void Write(string name, Action<Stream> write)
    {
        var final = Path.Combine(_folder, name);
        if (Directory.Exists(final))
            throw new IOException(
                $"'{final}' is a folder, so no file can be written there. Choose another name, or move the folder."
            );
        PendingFile.WriteThrough(Staged(name), write);
        _names.Add(name);
    }

    /// <summary>Writes a file whose name holds the hash of its contents, and returns the name.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public string WriteNamed(string name, Action<Stream> write)
    {
        PendingFile.WriteThrough(Staged(name), write);
        var full = ContentName.OfAll(name, Staged(name));
        File.Move(Staged(name), Staged(full));
        _names.Add(full);
        return full;
    }

    /// <summary>
    /// Gives an existing file a second name in the folder, which holds the hash of its contents, and returns the name.
    /// </summary>
    /// <exception cref="IOException">
    /// The file system has no hard links, or the names are on different drives.
    /// </exception>
    public string LinkNamed(string existing)
    {
        var name = ContentName.Of(Path.GetFileName(existing), existing);
        if (_names.Add(name))
            HardLink.Create(existing, Staged(name));
        return name;
    }

    /// <summary>Says that a file of the older save is none of this one.</summary>
    public void Remove(string name)
    {
        if (!_names.Contains(name) && File.Exists(Path.Combine(_folder, name)))
            _removed.Add(name);
    }

    /// <summary>Makes the set what the folder holds.</summary>
    /// <param name="unneeded">
    /// Files that nothing refers to after the commit, asked for then; these are deleted.
    /// </param>
    /// <exception cref="IOException">
    /// The disk is full or the folder cannot be changed. The older save is still there, or, in a folder that cannot be
    /// exchanged, no reader finds a save.
    /// </exception>
    /// <exception cref="OperationCanceledException">The process ends; nothing has changed.</exception>
    public void Commit(Func<IEnumerable<string>>? unneeded = null)
    {
        FlushFolders();
        using var turn = FolderTurn.Take(Path.GetDirectoryName(_folder) ?? _folder);
        _stage.Keep();
        if (!TryBecome() && !TryAdd() && !(_mayExchange && FolderSwap.Try(_folder, _stage.Value, Owned())))
            ReplaceInPlace();
        foreach (var name in unneeded?.Invoke() ?? [])
            File.Delete(Path.Combine(_folder, name));
    }

    /// <inheritdoc/>
    public void Dispose() => _stage.Dispose();

    // Beside the folder, where it can become the folder; in it, where it cannot.
    private static TemporaryPath Stage(string? parent, string folder, out bool mayExchange)
    {
        if (parent is not null && !IsAround(folder, Environment.CurrentDirectory))
        {
            var beside = new TemporaryPath(Path.Combine(parent, $".{Path.GetFileName(folder)}"));
            try
            {
                TemporaryPath.Sweep(parent, $".{Path.GetFileName(folder)}");
                Directory.CreateDirectory(beside.Value);
                if (Directory.Exists(folder))
                    TemporaryPath.Sweep(folder);
                mayExchange = true;
                return beside;
            }
            catch (Exception fault) when (FolderCalls.IsRefusal(fault))
            {
                beside.Dispose();
            }
        }

        mayExchange = false;
        Directory.CreateDirectory(folder);
        TemporaryPath.Sweep(folder);
        var inside = TemporaryPath.In(folder);
        Directory.CreateDirectory(inside.Value);
        return inside;
    }

    private static bool IsAround(string folder, string inner) =>
        Path.GetRelativePath(folder, FolderBoundary.RealPath(inner)) is var way
        && !Path.IsPathRooted(way)
        && way.Split(Path.DirectorySeparatorChar)[0] != "..";

    /// <summary>Where a file of the set is until the commit.</summary>
    public string Staged(string name)
    {
        var path = Path.Combine(_stage.Value, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private HashSet<string> Owned() => [.. _names, .. _removed];

    private void FlushFolders()
    {
        foreach (var inner in Directory.GetDirectories(_stage.Value, "*", SearchOption.AllDirectories))
            FolderCalls.Flush(inner);
        FolderCalls.Flush(_stage.Value);
    }

    private bool TryBecome()
    {
        if (!_mayExchange || Directory.Exists(_folder) || File.Exists(_folder))
            return false;
        Directory.Move(_stage.Value, _folder);
        FolderCalls.Flush(Path.GetDirectoryName(_folder)!);
        return true;
    }

    // An older index may refer to any name but those that hold the hash of their contents.
    private bool TryAdd()
    {
        if (_index is null || _removed.Count > 0)
            return false;
        var hasIndex = File.Exists(Path.Combine(_folder, _index));
        if (_names.Any(name => name != _index && !ContentName.IsOne(name) && (hasIndex || Replaces(name))))
            return false;
        Place();
        return true;
    }

    private bool Replaces(string name) => !ContentName.IsOne(name) && File.Exists(Path.Combine(_folder, name));

    private void ReplaceInPlace()
    {
        var old = Owned().Where(Replaces).OrderBy(name => name != _index).ToList();
        foreach (var name in old)
        {
            File.Delete(Path.Combine(_folder, name));
            FolderCalls.Flush(_folder);
        }

        Place();
    }

    private void Place()
    {
        using var inner = TemporaryPath.In(_folder);
        inner.Keep();
        var from = MoveInside(inner);
        foreach (var name in _names.OrderBy(name => name == _index))
        {
            var (staged, final) = (Path.Combine(from, name), Path.Combine(_folder, name));
            if (!File.Exists(staged) || (ContentName.IsOne(name) && File.Exists(final)))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(final)!);
            if (name == _index)
                FolderCalls.Flush(_folder);
            File.Move(staged, final, overwrite: true);
        }

        FolderCalls.Flush(_folder);
    }

    // A folder that is mounted is on another file system than what is beside it, where a file cannot just be renamed.
    private string MoveInside(TemporaryPath inner)
    {
        if (!_mayExchange)
            return _stage.Value;
        try
        {
            Directory.Move(_stage.Value, inner.Value);
        }
        catch (IOException)
        {
            foreach (var name in _names.Where(name => File.Exists(Path.Combine(_stage.Value, name))))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(inner.Value, name))!);
                using var source = new FileStream(Path.Combine(_stage.Value, name), FileMode.Open, FileAccess.Read);
                PendingFile.WriteThrough(Path.Combine(inner.Value, name), source.CopyTo);
            }
        }

        return inner.Value;
    }
}
