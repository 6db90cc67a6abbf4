using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Hub;

/// <summary>
/// Pulls models from the Hugging Face Hub into the cache that all of its libraries share, and pushes folders to it.
/// Owns its connections. What a server answers is checked: paths, sizes, hashes.
/// </summary>
public sealed class HubClient : IDisposable
{
    private readonly HubOptions _options;
    private readonly HubConnection _connection;

    /// <summary>Creates a client; sends no request yet.</summary>
    public HubClient(HubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _connection = new HubConnection(options);
    }

    /// <summary>The commit and the files of a repository.</summary>
    /// <exception cref="InterventionException">The client is offline.</exception>
    /// <exception cref="HubException">
    /// There is no such repository or revision, the token is not enough, or the Hub cannot be reached.
    /// </exception>
    public Task<HubSnapshot> ListAsync(HubReference reference, CancellationToken cancellation = default)
    {
        RequireNetwork();
        return new HubListing(_connection, reference).ReadAsync(cancellation);
    }

    /// <summary>
    /// Brings files into the cache. What is there already is not fetched again; what an earlier attempt left is
    /// resumed.
    /// </summary>
    /// <param name="reference">The repository; a path in it restricts what is taken to that file or folder.</param>
    /// <param name="filter">Which files are taken.</param>
    /// <param name="progress">Receives how far each file's transfer is.</param>
    /// <param name="cancellation">Ends the transfer; what has arrived stays, to be resumed.</param>
    /// <exception cref="InterventionException">
    /// The repository has no file that was asked for, or the client is offline and the cache does not have it.
    /// </exception>
    /// <exception cref="HubException">
    /// There is no such repository or revision, the token is not enough, the Hub cannot be reached or keeps failing, a
    /// file is not what the list says, or a path leaves its folder.
    /// </exception>
    /// <exception cref="IOException">The disk has no room, or a file cannot be written.</exception>
    public async Task<HubPull> PullAsync(
        HubReference reference,
        HubFilter filter,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(filter);
        if (_options.IsOffline)
            return Cached(reference, filter);
        var snapshot = await ListAsync(reference, cancellation);
        var chosen = snapshot
            .Files.Where(file =>
                IsInside(file.Path, reference.Path) && (file.Path == reference.Path || filter.Takes(file.Path))
            )
            .ToImmutableArray();
        if (chosen.Length == 0)
        {
            throw new InterventionException(
                $"'{reference}': the repository holds {snapshot.Files.Length} files, but none that was asked for. "
                    + $"Use --include; \"*\" takes everything."
            );
        }

        return await FetchAsync(reference, snapshot.Commit, chosen, progress, cancellation);
    }

    /// <summary>Pulls files and copies them into a plain folder: real files, no links.</summary>
    /// <inheritdoc cref="PullAsync"/>
    /// <param name="reference">The repository; a path in it restricts what is taken to that file or folder.</param>
    /// <param name="filter">Which files are taken.</param>
    /// <param name="folder">The folder; made when it is missing. Files that are not pulled stay.</param>
    /// <param name="progress">Receives how far each file's transfer is.</param>
    /// <param name="cancellation">Ends the transfer; the folder then stays as it was.</param>
    public async Task<HubPull> PullToAsync(
        HubReference reference,
        HubFilter filter,
        string folder,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(folder);
        var pull = await PullAsync(reference, filter, progress, cancellation);
        HubSpace.Require(Sum(pull.Files), folder, $"Copying '{reference}'");
        using var copies = new PendingFolder(folder);
        foreach (var file in pull.Files)
        {
            var source = HubPaths.Inside(pull.Folder, file.Path);
            HubPaths.Inside(folder, file.Path);
            copies.Write(file.Path, stream => FileCopy.Write(source, stream, cancellation));
        }

        copies.Commit();
        return pull with { Folder = folder };
    }

    /// <summary>
    /// Brings one model with its data, configurations and tokenizer into the cache, and returns the path of its .onnx
    /// file.
    /// </summary>
    /// <param name="reference">
    /// The file, or a folder that holds a <c>model.onnx</c> or only one .onnx file, itself or in <c>onnx</c>.
    /// </param>
    /// <param name="progress">Receives how far each file's transfer is.</param>
    /// <param name="cancellation">Ends the transfer; what has arrived stays, to be resumed.</param>
    /// <inheritdoc cref="PullAsync"/>
    public async Task<string> ModelAsync(
        HubReference reference,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (_options.IsOffline)
        {
            var cached = Cached(reference, HubFilter.All);
            return HubPaths.Inside(
                cached.Folder,
                HubModelFiles.Choose(reference, cached.Files.Select(file => file.Path))
            );
        }

        var snapshot = await ListAsync(reference, cancellation);
        var model = HubModelFiles.Choose(reference, snapshot.Files.Select(file => file.Path));
        var pull = await FetchAsync(
            reference,
            snapshot.Commit,
            HubModelFiles.Needed(model, snapshot.Files),
            progress,
            cancellation
        );
        return HubPaths.Inside(pull.Folder, model);
    }

    /// <summary>Uploads what differs in a folder and commits it.</summary>
    /// <exception cref="InterventionException">
    /// There is no such folder, or no file in it that may be pushed; no token is set, or the client is offline.
    /// </exception>
    /// <exception cref="HubException">
    /// There is no such repository or branch, the token is not enough, or the Hub cannot be reached or keeps failing;
    /// nothing is committed.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public Task<HubCommit> PushAsync(
        HubPush push,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(push);
        RequireNetwork();
        return new HubUpload(_connection, push, progress).PushAsync(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private async Task<HubPull> FetchAsync(
        HubReference reference,
        string commit,
        ImmutableArray<HubFile> files,
        IProgress<HubProgress>? progress,
        CancellationToken cancellation
    )
    {
        foreach (var file in files)
        {
            if (HubPaths.Fault(file.Path) is { } fault)
                throw new HubException(
                    $"'{reference}' has a file '{file.Path}', which {fault}. "
                        + "Nothing was fetched; --exclude leaves it out."
                )
                {
                    Url = _options.Endpoint,
                };
        }

        var cache = new HubCache(_options, reference);
        HubSpace.Require(Sum(files.Where(file => !cache.Holds(file, commit))), _options.CacheFolder, $"'{reference}'");
        var download = new HubDownload(_connection, cache, reference, progress);
        var downloaded = 0;
        foreach (var file in files)
            downloaded += await download.FetchAsync(file, commit, cancellation) ? 1 : 0;

        // Only a whole pull is remembered, so a run without a network never finds half of one.
        cache.Remember(commit);
        return new HubPull(commit, cache.Snapshot(commit), files, downloaded);
    }

    private HubPull Cached(HubReference reference, HubFilter filter)
    {
        var cache = new HubCache(_options, reference);
        var commit = cache.KnownCommit();
        var folder = cache.Snapshot(commit);
        var files = HubFolder
            .Files(folder)
            .Where(file => IsInside(file.Path, reference.Path) && filter.Takes(file.Path))
            .Select(file => new HubFile(file.Path, file.Size, "", IsLarge: false))
            .ToImmutableArray();
        return files.Length > 0
            ? new HubPull(commit, folder, files, 0)
            : throw new InterventionException(
                $"'{reference}': the cache holds the commit {commit}, but not this part of it. Pull it with a network."
            );
    }

    private static bool IsInside(string path, string folder) =>
        folder.Length == 0 || path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);

    private static Int128 Sum(IEnumerable<HubFile> files) => files.Aggregate((Int128)0, (sum, file) => sum + file.Size);

    private void RequireNetwork()
    {
        if (_options.IsOffline)
            throw new InterventionException("HF_HUB_OFFLINE forbids asking the Hub. Unset it.");
    }
}
