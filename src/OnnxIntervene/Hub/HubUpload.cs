using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>Uploads what differs and commits it: first large contents, then one commit that names all.</summary>
internal sealed class HubUpload(HubConnection connection, HubPush push, IProgress<HubProgress>? progress)
{
    private const int FilesPerRequest = 256;
    private const int SampleSize = 512;
    private readonly HubRoutes _routes = new(connection.Options, push.Target);
    private readonly HubCalls _calls = new(connection, push.Target);

    /// <summary>Pushes the folder.</summary>
    public async Task<HubCommit> PushAsync(CancellationToken cancellation)
    {
        if (connection.Options.Token is null)
        {
            throw new InterventionException(
                $"Pushing to '{push.Target.Repository}' needs a token that may write: "
                    + $"make one at {new Uri(connection.Options.Endpoint, "/settings/tokens")} and set HF_TOKEN."
            );
        }

        var hashed = await HashAsync(Local(), cancellation);
        if (push.Creates)
            await CreateAsync(cancellation);
        var snapshot = await new HubListing(connection, push.Target).ReadAsync(cancellation);
        var present = snapshot.Files.ToDictionary(file => file.Path, file => file.Hash, StringComparer.Ordinal);
        var changed = hashed
            .Where(file => !present.TryGetValue(file.Path, out var hash) || (hash != file.Large && hash != file.Plain))
            .ToList();
        var modes = await ModesAsync(changed, cancellation);
        var uploads = changed
            .Where(file => modes[file.Path] is not null)
            .Select(file => file with { IsLarge = modes[file.Path] == true })
            .ToList();
        if (uploads.Count == 0)
            return new HubCommit(snapshot.Commit, Page(snapshot.Commit), []);
        await new LargeFileUpload(connection, _calls, _routes.LargeFiles, progress).SendAsync(
            [.. uploads.Where(file => file.IsLarge)],
            cancellation
        );
        return await CommitAsync(uploads, snapshot.Commit, cancellation);
    }

    private List<LocalFile> Local()
    {
        if (!Directory.Exists(push.Folder))
            throw new InterventionException($"There is no folder '{push.Folder}' to push.");
        var prefix = push.Target.Path.Length == 0 ? "" : push.Target.Path + "/";
        var files = HubFolder
            .Files(push.Folder)
            .Where(file => push.Filter.Takes(file.Path))
            .Select(file => file with { Path = prefix + file.Path })
            .ToList();
        foreach (var file in files)
        {
            RegularFile.Check(file.FullPath, message => new InterventionException(message));
            if (HubPaths.Fault(file.Path) is { } fault)
                throw new InterventionException(
                    $"'{file.FullPath}' cannot be pushed: '{file.Path}' {fault}. Rename it, or leave it out with "
                        + $"--exclude."
                );
        }

        return files.Count > 0
            ? files
            : throw new InterventionException($"The folder '{push.Folder}' has no file to push.");
    }

    private static async Task<List<HashedFile>> HashAsync(List<LocalFile> files, CancellationToken cancellation)
    {
        var hashed = new List<HashedFile>();
        foreach (var file in files)
        {
            var (large, plain) = await HubHash.BothAsync(file.FullPath, cancellation);
            hashed.Add(new HashedFile(file.Path, file.FullPath, file.Size, large, plain));
        }

        return hashed;
    }

    private async Task CreateAsync(CancellationToken cancellation)
    {
        var body = new
        {
            name = push.Target.Name,
            organization = push.Target.Owner,
            @private = push.IsPrivate,
        };
        await _calls.MakeAsync(_routes.Create, body, $"Creating '{push.Target.Repository}'", cancellation);
        if (push.Target.Revision != "main")
            await _calls.MakeAsync(
                _routes.Branch,
                new { },
                $"Creating the branch '{push.Target.Revision}'",
                cancellation
            );
    }

    // True for a large file, false for another, null for one that the repository ignores.
    private async Task<Dictionary<string, bool?>> ModesAsync(List<HashedFile> files, CancellationToken cancellation)
    {
        var modes = new Dictionary<string, bool?>(StringComparer.Ordinal);
        foreach (var part in files.Chunk(FilesPerRequest))
        {
            var body = new
            {
                files = part.Select(file => new
                {
                    path = file.Path,
                    sample = Sample(file),
                    size = file.Size,
                    sha = file.Large,
                }),
            };
            var json = await _calls.PostAsync(
                _routes.Preupload,
                body,
                $"Pushing to '{push.Target.Repository}'",
                cancellation
            );

            // The store of large files takes no empty ones.
            var sizes = part.ToDictionary(file => file.Path, file => file.Size, StringComparer.Ordinal);
            foreach (var answer in HubJson.List(json, "files"))
            {
                if (HubJson.Text(answer, "path") is { } path && sizes.TryGetValue(path, out var size))
                    modes[path] = answer["shouldIgnore"].IsTrue
                        ? null
                        : HubJson.Text(answer, "uploadMode") == "lfs" && size > 0;
            }

            if (part.FirstOrDefault(file => !modes.ContainsKey(file.Path)) is { } missing)
                throw _calls.Malformed($"does not say how to upload '{missing.Path}'");
        }

        return modes;
    }

    private async Task<HubCommit> CommitAsync(List<HashedFile> files, string parent, CancellationToken cancellation)
    {
        var json = await _calls.CommitAsync(_routes.Commit, CommitLines.Of(push.Message, parent, files), cancellation);
        var commit = HubJson.Text(json, "commitOid");
        return commit is not null && HubHash.IsCommit(commit)
            ? new HubCommit(commit, Page(commit), [.. files.Select(file => file.Path)])
            : throw _calls.Malformed("names no commit; look at the repository's page before pushing again");
    }

    private Uri Page(string commit) => new(connection.Options.Endpoint, $"/{push.Target.Repository}/commit/{commit}");

    private static string Sample(HashedFile file)
    {
        using var stream = File.OpenRead(file.FullPath);
        var buffer = new byte[SampleSize];
        return Convert.ToBase64String(buffer, 0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
    }
}

/// <summary>A file to upload with both of its possible hashes.</summary>
internal sealed record HashedFile(
    string Path,
    string FullPath,
    long Size,
    string Large,
    string Plain,
    bool IsLarge = false
);
