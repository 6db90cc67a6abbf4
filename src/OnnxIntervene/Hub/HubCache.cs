using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Hub;

/// <summary>
/// A repository's part of the Hub's cache: contents in <c>blobs</c>, named by their hashes; a folder for each commit in
/// <c>snapshots</c>, whose files link to them; the commit of each branch in <c>refs</c>
/// (huggingface.co/docs/hub/local-cache).
/// </summary>
internal sealed class HubCache(HubOptions options, HubReference reference)
{
    private const int LongestReference = 64;
    private readonly string _root = Path.Combine(options.CacheFolder, $"models--{reference.Owner}--{reference.Name}");

    public string BlobFolder => Path.Combine(_root, "blobs");

    public string Snapshot(string commit) => Path.Combine(_root, "snapshots", commit);

    public string Blob(HubFile file) => Path.Combine(BlobFolder, file.Hash);

    /// <summary>What has arrived of a file so far.</summary>
    public string Incomplete(HubFile file) => Blob(file) + ".incomplete";

    /// <summary>Whether the contents are here, as a blob or, where there are no links, in the snapshot.</summary>
    public bool Holds(HubFile file, string commit) =>
        HasSize(Blob(file), file.Size) || HasSize(HubPaths.Inside(Snapshot(commit), file.Path), file.Size);

    /// <summary>The commit that the revision means, according to the cache.</summary>
    /// <exception cref="InterventionException">The cache does not have it.</exception>
    public string KnownCommit()
    {
        var commit = HubHash.IsCommit(reference.Revision) ? reference.Revision : StoredReference();
        return commit is not null && Directory.Exists(Snapshot(commit))
            ? commit
            : throw new InterventionException(
                $"'{reference}' is not in the cache '{options.CacheFolder}', and HF_HUB_OFFLINE forbids asking the "
                    + $"Hub. "
                    + "Unset it, or pull on a machine with a network."
            );
    }

    /// <summary>Puts a file whose contents are here into a commit's snapshot.</summary>
    public void Place(HubFile file, string commit)
    {
        var place = HubPaths.Inside(Snapshot(commit), file.Path);
        if (!File.Exists(Blob(file)) || HasSize(place, file.Size))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        if (!options.UsesLinks || !TryLink(place, Path.GetRelativePath(Path.GetDirectoryName(place)!, Blob(file))))
            FileCopy.Write(Blob(file), place, CancellationToken.None);
    }

    /// <summary>Remembers the commit of the branch or tag, for later runs without a network.</summary>
    public void Remember(string commit)
    {
        if (reference.Revision != commit)
            PendingFile.Write(ReferencePath(), stream => stream.Write(System.Text.Encoding.ASCII.GetBytes(commit)));
    }

    private static bool HasSize(string path, long size)
    {
        var real = ExternalFile(path);
        return real is { Exists: true } && real.Length == size;
    }

    private static FileInfo? ExternalFile(string path) =>
        File.Exists(path)
            ? new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? new FileInfo(path)
            : null;

    // Links need a privilege on Windows, and some file systems lack them.
    private static bool TryLink(string place, string target)
    {
        using var temporary = new TemporaryPath(place);
        try
        {
            File.CreateSymbolicLink(temporary.Value, target);
            File.Move(temporary.Value, place, overwrite: true);
            return true;
        }
        catch (Exception fault)
            when (fault is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private string ReferencePath() => HubPaths.Inside(Path.Combine(_root, "refs"), reference.Revision);

    private string? StoredReference()
    {
        var file = new FileInfo(ReferencePath());
        if (!file.Exists || file.Length > LongestReference)
            return null;
        var commit = File.ReadAllText(file.FullName).Trim();
        return HubHash.IsCommit(commit) ? commit : null;
    }
}
