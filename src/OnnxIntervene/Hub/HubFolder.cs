namespace OnnxIntervene.Hub;

/// <summary>A file of a folder, with its path as a repository would have it.</summary>
internal sealed record LocalFile(string Path, string FullPath, long Size);

/// <summary>Lists the files of a folder.</summary>
internal static class HubFolder
{
    private static readonly string[] s_unfinished = [".partial", ".incomplete"];

    /// <summary>
    /// The files, sorted by path. Hidden and unfinished ones are left out; links to files count as files, links to
    /// folders are ignored.
    /// </summary>
    public static IEnumerable<LocalFile> Files(string folder) =>
        Walk(new DirectoryInfo(folder), "").OrderBy(file => file.Path, StringComparer.Ordinal);

    private static IEnumerable<LocalFile> Walk(DirectoryInfo folder, string prefix)
    {
        foreach (
            var file in folder.EnumerateFiles().Where(file => !IsHidden(file) && !s_unfinished.Contains(file.Extension))
        )
            yield return new LocalFile(
                prefix + file.Name,
                file.FullName,
                (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length
            );
        foreach (
            var inner in folder.EnumerateDirectories().Where(inner => !IsHidden(inner) && inner.LinkTarget is null)
        )
        {
            foreach (var file in Walk(inner, $"{prefix}{inner.Name}/"))
                yield return file;
        }
    }

    private static bool IsHidden(FileSystemInfo item) => item.Name.StartsWith('.');
}
