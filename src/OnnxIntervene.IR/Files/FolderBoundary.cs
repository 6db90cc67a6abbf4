namespace OnnxIntervene.IR.Files;

/// <summary>
/// The folder that names in a file may not leave, by their text or by links. A link may lead to where the file itself
/// really is, and from a snapshot of the Hub's cache to its contents: that is how download caches store files.
/// </summary>
internal sealed class FolderBoundary
{
    private readonly string[] _folders;

    private FolderBoundary(string folder, params IEnumerable<string> others)
    {
        Folder = RealPath(folder);
        _folders = [Folder, .. others];
    }

    /// <summary>The folder, links resolved.</summary>
    public string Folder { get; }

    /// <summary>The boundary of the names in a file that the user chose, which itself may be a link.</summary>
    public static FolderBoundary Around(string file)
    {
        var full = Path.GetFullPath(file);
        var folder = Path.GetDirectoryName(full)!;
        return new FolderBoundary(folder, [Path.GetDirectoryName(RealPath(full))!, .. Contents(RealPath(folder))]);
    }

    /// <summary>The boundary of the files in a folder that the user chose, which itself may be a link.</summary>
    public static FolderBoundary Of(string folder) =>
        new(folder, Contents(Path.TrimEndingDirectorySeparator(RealPath(folder))));

    /// <summary>Whether a path is inside by its text.</summary>
    public bool Includes(string path) => IsInside(Path.GetFullPath(path, Folder), Folder);

    /// <summary>Whether a path is inside when every link on the way to it is followed.</summary>
    public bool Holds(string path)
    {
        var real = RealPath(path);
        return real == Folder || _folders.Any(folder => IsInside(real, folder));
    }

    /// <summary>Refuses a path that a link leads out of the boundary.</summary>
    /// <exception cref="ModelFormatException">The path is outside.</exception>
    public string Checked(string path) =>
        Holds(path)
            ? path
            : throw new ModelFormatException(
                $"'{path}' is a link to '{RealPath(path)}', outside its folder. Put the file itself there."
            );

    /// <summary>The path with every link on the way to it followed.</summary>
    public static string RealPath(string path)
    {
        var full = Path.GetFullPath(path);
        var parent = Path.GetDirectoryName(full);
        if (parent is null)
            return full;
        var own = Path.Combine(RealPath(parent), Path.GetFileName(full));
        FileSystemInfo info = Directory.Exists(own) ? new DirectoryInfo(own) : new FileInfo(own);
        return info.LinkTarget is not null && info.ResolveLinkTarget(returnFinalTarget: true) is { } target
            ? RealPath(target.FullName)
            : own;
    }

    // The Hub's cache: REPOSITORY/snapshots/COMMIT/… holds links to REPOSITORY/blobs/HASH. The folder of contents may
    // not itself be a link.
    private static IEnumerable<string> Contents(string folder)
    {
        for (var inner = folder; Path.GetDirectoryName(inner) is { } outer; inner = outer)
        {
            if (Path.GetFileName(outer) == "snapshots" && Path.GetDirectoryName(outer) is { } repository)
                return [Path.Combine(RealPath(repository), "blobs")];
        }

        return [];
    }

    private static bool IsInside(string path, string folder) =>
        path.StartsWith(
            folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar,
            StringComparison.Ordinal
        );
}
