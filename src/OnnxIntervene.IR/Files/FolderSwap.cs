namespace OnnxIntervene.IR.Files;

/// <summary>Exchanges a folder for one that holds new files and everything else that the old one holds.</summary>
internal static class FolderSwap
{
    private const int MostOthers = 10_000;

    /// <summary>
    /// Exchanges the folders; false, with nothing changed, where they cannot be. What is not <paramref name="owned"/>
    /// gets a second name in the new folder first, so that nothing is copied.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="stage">The folder with the new files, beside it.</param>
    /// <param name="owned">The files that are new, and those of an older save that are not wanted any more.</param>
    /// <exception cref="IOException">The disk is full or broken; the folder is as it was.</exception>
    public static bool Try(string folder, string stage, IReadOnlySet<string> owned)
    {
        if (!TryTake(folder, stage, owned) || !FolderCalls.TryExchange(stage, folder))
            return false;
        FolderCalls.Flush(Path.GetDirectoryName(folder)!);
        Retire(stage, folder, "", owned);
        return true;
    }

    private static bool TryTake(string folder, string stage, IReadOnlySet<string> owned)
    {
        var taken = new List<string>();
        try
        {
            Take(folder, stage, "", owned, taken);
            FolderCalls.Flush(stage);
            return true;
        }
        catch (Exception fault) when (FolderCalls.IsRefusal(fault))
        {
            // The stage is used otherwise then, and must hold new files only.
            foreach (var path in taken)
                File.Delete(path);
            return false;
        }
    }

    private static void Take(string folder, string stage, string prefix, IReadOnlySet<string> owned, List<string> taken)
    {
        Directory.CreateDirectory(stage);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(stage, File.GetUnixFileMode(folder));
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            var place = Path.Combine(stage, entry.Name);
            if (owned.Contains(prefix + entry.Name) || TemporaryPath.IsTemporary(entry.Name))
                continue;
            if (taken.Count > MostOthers)
                throw new IOException($"'{folder}' holds more than {MostOthers} other files.");
            if (entry is DirectoryInfo && entry.LinkTarget is null)
            {
                Take(entry.FullName, place, $"{prefix}{entry.Name}/", owned, taken);
                continue;
            }

            if (entry.LinkTarget is { } target)
                File.CreateSymbolicLink(place, target);
            else
                HardLink.Create(entry.FullName, place);
            taken.Add(place);
        }
    }

    // By now the save is done, and what cannot be deleted here the next one deletes. Files that came since the others
    // were taken go along.
    private static void Retire(string old, string folder, string prefix, IReadOnlySet<string> owned)
    {
        try
        {
            foreach (var entry in new DirectoryInfo(old).EnumerateFileSystemInfos().ToList())
            {
                var place = Path.Combine(folder, entry.Name);
                var isFolder = entry is DirectoryInfo && entry.LinkTarget is null;
                if (isFolder && Directory.Exists(place))
                    Retire(entry.FullName, place, $"{prefix}{entry.Name}/", owned);
                else if (isFolder)
                    Directory.Move(entry.FullName, place);
                else if (owned.Contains(prefix + entry.Name) || Path.Exists(place) || entry.LinkTarget is not null)
                    entry.Delete();
                else
                    File.Move(entry.FullName, place);
            }

            Directory.Delete(old);
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or IOException) { }
    }
}
