using System.Net;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Hub;

/// <summary>
/// Brings files into the cache: resumes an earlier attempt, and keeps nothing whose hash is wrong.
/// </summary>
internal sealed class HubDownload(
    HubConnection connection,
    HubCache cache,
    HubReference reference,
    IProgress<HubProgress>? progress
)
{
    private const int BufferSize = 1 << 16;
    private readonly HubRoutes _routes = new(connection.Options, reference);
    private readonly HubFaults _faults = new(connection.Options, reference);

    /// <summary>Brings one file, and returns whether it had to be fetched.</summary>
    /// <exception cref="HubException">
    /// Its size or hash is not what the list says; what has arrived is deleted.
    /// </exception>
    public async Task<bool> FetchAsync(HubFile file, string commit, CancellationToken cancellation)
    {
        var isNew = !cache.Holds(file, commit);
        if (isNew)
        {
            Directory.CreateDirectory(cache.BlobFolder);
            try
            {
                await ReceiveAsync(file, commit, cancellation);
                await CheckAsync(file, cancellation);
            }
            catch (HubException fault) when (fault.IsWrongContent)
            {
                File.Delete(cache.Incomplete(file));
                throw;
            }

            File.Move(cache.Incomplete(file), cache.Blob(file), overwrite: true);
            FolderCalls.Flush(cache.BlobFolder);
        }

        cache.Place(file, commit);
        return isNew;
    }

    private async Task ReceiveAsync(HubFile file, string commit, CancellationToken cancellation)
    {
        // No other process may write it in the meantime.
        await using var target = new FileStream(
            cache.Incomplete(file),
            FileMode.OpenOrCreate,
            FileAccess.ReadWrite,
            FileShare.None,
            BufferSize,
            useAsync: true
        );
        if (target.Length > file.Size)
            target.SetLength(0);
        if (target.Length == file.Size)
            return;
        await connection.SendAsync(
            () =>
                new HubRequest(HttpMethod.Get, _routes.File(commit, file.Path))
                {
                    What = Name(file),
                    From = target.Length,
                    Accepts = HttpStatusCode.RequestedRangeNotSatisfiable,
                },
            response => AppendAsync(response, target, file, cancellation),
            _faults,
            () => target.Length,
            cancellation
        );
        if (target.Length != file.Size)
            throw Mismatch(file, $"{target.Length} bytes arrived, but the list says {file.Size}");
        target.Flush(flushToDisk: true);
    }

    private async Task<bool> AppendAsync(
        HttpResponseMessage response,
        FileStream target,
        HubFile file,
        CancellationToken cancellation
    )
    {
        // A server that does not support ranges sends everything.
        if (response.StatusCode == HttpStatusCode.OK)
            target.SetLength(0);
        else if (
            response.StatusCode != HttpStatusCode.PartialContent
            || response.Content.Headers.ContentRange?.From != target.Length
        )
            throw Mismatch(file, $"bytes from {target.Length} on were asked for, but the server sends others");
        var start = target.Length;
        if (response.Content.Headers.ContentLength is { } length && length != file.Size - start)
            throw Mismatch(file, $"{start + length} bytes would arrive, but the list says {file.Size}");
        target.Position = start;
        await new HubBody(connection.Options, cancellation).CopyAsync(
            response,
            target,
            file.Size - start,
            count => progress?.Report(new HubProgress(file.Path, start + count, file.Size)),
            Name(file)
        );
        return true;
    }

    private async Task CheckAsync(HubFile file, CancellationToken cancellation)
    {
        var hash = await HubHash.OfAsync(cache.Incomplete(file), file.IsLarge, cancellation);
        if (hash != file.Hash)
            throw Mismatch(file, $"its hash is {hash}, but the list says {file.Hash}");
    }

    private HubException Mismatch(HubFile file, string reason) =>
        new($"{Name(file)}: {reason}. What arrived is deleted; pull again, and suspect the network if this goes on.")
        {
            Url = _routes.File(reference.Revision, file.Path),
            IsWrongContent = true,
        };

    private static string Name(HubFile file) => $"The file '{file.Path}'";
}
