using System.Globalization;
using OnnxIntervene.Json;

namespace OnnxIntervene.Hub;

/// <summary>
/// Uploads contents to the store of large files, in one piece or in parts (github.com/git-lfs/git-lfs, docs/api; the
/// parts are the Hub's own).
/// </summary>
internal sealed class LargeFileUpload(
    HubConnection connection,
    HubCalls calls,
    Uri batch,
    IProgress<HubProgress>? progress
)
{
    private const int FilesPerRequest = 100;
    private const int MostParts = 10_000;

    /// <summary>Uploads the files that the store does not have yet.</summary>
    public async Task SendAsync(IReadOnlyList<HashedFile> files, CancellationToken cancellation)
    {
        foreach (var part in files.DistinctBy(file => file.Large).Chunk(FilesPerRequest))
        {
            var body = new
            {
                operation = "upload",
                transfers = new[] { "basic", "multipart" },
                hash_algo = "sha256",
                objects = part.Select(file => new { oid = file.Large, size = file.Size }),
            };
            var json = await calls.PostLargeAsync(batch, body, "Uploading large files", cancellation);
            var answers = HubJson
                .List(json, "objects")
                .Where(answer => HubJson.Text(answer, "oid") is not null)
                .GroupBy(answer => HubJson.Text(answer, "oid")!)
                .ToDictionary(group => group.Key, group => group.First());
            foreach (var file in part)
            {
                if (!answers.TryGetValue(file.Large, out var answer))
                    throw calls.Malformed($"does not say where '{file.Path}' goes");
                await SendAsync(file, answer, cancellation);
            }
        }
    }

    private async Task SendAsync(HashedFile file, JsonPlace answer, CancellationToken cancellation)
    {
        if (HubJson.Object(answer, "error") is { } error)
            throw new HubException($"The Hub does not accept '{file.Path}': {HubJson.Text(error, "message")}")
            {
                Url = connection.Options.Endpoint,
            };

        // Without actions, the store has it already.
        if (HubJson.Object(answer, "actions") is not { } actions)
            return;
        if (HubJson.Object(actions, "upload") is { } upload)
        {
            var headers = HubJson.Texts(HubJson.Object(upload, "header"));
            if (headers.TryGetValue("chunk_size", out var size))
                await SendPartsAsync(file, upload, headers, size, cancellation);
            else
                await PutAsync(file, Target(upload), 0, file.Size, headers, cancellation);
        }

        if (HubJson.Object(actions, "verify") is { } verify)
            await MakeAsync(Target(verify), new { oid = file.Large, size = file.Size }, file, cancellation);
    }

    private async Task SendPartsAsync(
        HashedFile file,
        JsonPlace upload,
        Dictionary<string, string> headers,
        string chunkSize,
        CancellationToken cancellation
    )
    {
        var targets = headers
            .Select(header => (Number: Number(header.Key), header.Value))
            .Where(part => part.Number > 0)
            .OrderBy(part => part.Number)
            .Select(part => Target(part.Value))
            .ToList();
        var size = Number(chunkSize);
        if (
            size == 0
            || targets.Count > MostParts
            || targets.Count != Int128.Max((file.Size + (Int128)size - 1) / size, 1)
        )
            throw calls.Malformed(
                $"offers {targets.Count} parts of {chunkSize} bytes for '{file.Path}', which has {file.Size}"
            );
        var parts = new List<object>();
        for (var index = 0; index < targets.Count; index++)
        {
            var tag = await PutAsync(
                file,
                targets[index],
                index * size,
                Math.Min(size, file.Size - (index * size)),
                [],
                cancellation
            );
            parts.Add(
                new
                {
                    partNumber = index + 1,
                    etag = tag ?? throw calls.Malformed($"has no tag for part {index + 1} of '{file.Path}'"),
                }
            );
        }

        await MakeAsync(Target(upload), new { oid = file.Large, parts }, file, cancellation);
    }

    private Task<string?> PutAsync(
        HashedFile file,
        Uri target,
        long start,
        long length,
        Dictionary<string, string> headers,
        CancellationToken cancellation
    )
    {
        var request = new HubRequest(HttpMethod.Put, target)
        {
            What = $"Uploading '{file.Path}'",
            Content = () =>
                new FilePartContent(
                    file.FullPath,
                    start,
                    length,
                    sent => progress?.Report(new HubProgress(file.Path, start + sent, file.Size))
                ),
            SendsToken = false,
            Headers = headers,
        };
        return connection.SendAsync(
            () => request,
            response => Task.FromResult(Tag(response)),
            calls.Faults,
            position: null,
            cancellation
        );
    }

    private Task MakeAsync<T>(Uri target, T body, HashedFile file, CancellationToken cancellation) =>
        calls.ConfirmLargeAsync(target, body, $"Uploading '{file.Path}'", cancellation);

    // Some stores do not quote it.
    private static string? Tag(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("ETag", out var values) ? values.ToString() : null;

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private Uri Target(JsonPlace action) => Target(HubJson.Text(action, "href") ?? "");

    // Contents are not sent over HTTP when the Hub itself uses HTTPS.
    private Uri Target(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var target)
        && (
            target.Scheme == Uri.UriSchemeHttps
            || (target.Scheme == Uri.UriSchemeHttp && connection.Options.Endpoint.Scheme == Uri.UriSchemeHttp)
        )
            ? target
            : throw calls.Malformed($"sends the upload to '{address}', which is not an allowed address");
}
