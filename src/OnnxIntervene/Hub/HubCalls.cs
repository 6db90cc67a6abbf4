using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using OnnxIntervene.Json;

namespace OnnxIntervene.Hub;

/// <summary>Calls that send JSON and answer with JSON.</summary>
internal sealed class HubCalls(HubConnection connection, HubReference reference)
{
    private const string LargeFileType = "application/vnd.git-lfs+json";
    private static readonly Dictionary<string, string> s_largeFileHeaders = new() { ["Accept"] = LargeFileType };
    private readonly HubFaults _faults = new(connection.Options, reference);

    /// <summary>Says what the endpoint's unsuccessful answers mean.</summary>
    public HubFaults Faults => _faults;

    /// <summary>Posts to the Hub's own interface.</summary>
    public Task<JsonPlace> PostAsync<T>(Uri target, T body, string what, CancellationToken cancellation) =>
        SendAsync(Request(target, Json(body), "application/json", what), cancellation);

    /// <summary>
    /// Posts to the store of large files, wherever that is; the token goes with it only to the endpoint.
    /// </summary>
    public Task<JsonPlace> PostLargeAsync<T>(Uri target, T body, string what, CancellationToken cancellation) =>
        SendAsync(Request(target, Json(body), LargeFileType, what) with { Headers = s_largeFileHeaders }, cancellation);

    /// <summary>Posts a commit: once, since a second one would not be the same.</summary>
    public Task<JsonPlace> CommitAsync(Uri target, byte[] lines, CancellationToken cancellation) =>
        SendAsync(
            Request(target, lines, "application/x-ndjson", $"Committing to '{reference.Repository}'") with
            {
                MayRepeat = false,
            },
            cancellation
        );

    /// <summary>Creates a repository or branch, which may exist already.</summary>
    public Task MakeAsync<T>(Uri target, T body, string what, CancellationToken cancellation) =>
        PostAsync(
            Request(target, Json(body), "application/json", what) with
            {
                Accepts = HttpStatusCode.Conflict,
            },
            cancellation
        );

    /// <summary>Tells the store of large files that contents have been uploaded.</summary>
    public Task ConfirmLargeAsync<T>(Uri target, T body, string what, CancellationToken cancellation) =>
        PostAsync(Request(target, Json(body), LargeFileType, what) with { Headers = s_largeFileHeaders }, cancellation);

    /// <summary>The exception for an answer that is not what it should be.</summary>
    public HubException Malformed(string fault) =>
        new(
            $"'{reference.Repository}': the answer of {connection.Options.Endpoint} {fault}. "
                + "Does HF_ENDPOINT name a Hub?"
        )
        {
            Url = connection.Options.Endpoint,
        };

    private Task<JsonPlace> SendAsync(HubRequest request, CancellationToken cancellation) =>
        connection.SendAsync(
            () => request,
            response => new HubBody(connection.Options, cancellation).JsonAsync(response, request.What),
            _faults,
            position: null,
            cancellation
        );

    // The content of such an answer does not matter; it may be empty.
    private Task<bool> PostAsync(HubRequest request, CancellationToken cancellation) =>
        connection.SendAsync(() => request, _ => Task.FromResult(true), _faults, position: null, cancellation);

    private static byte[] Json<T>(T body) => JsonSerializer.SerializeToUtf8Bytes(body);

    private static HubRequest Request(Uri target, byte[] body, string type, string what) =>
        new(HttpMethod.Post, target) { What = what, Content = () => Content(body, type) };

    private static ByteArrayContent Content(byte[] body, string type)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return content;
    }
}
