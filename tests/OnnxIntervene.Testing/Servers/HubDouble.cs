using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OnnxIntervene.Testing.Servers;

/// <summary>
/// A Hub on this machine: the Hub's routes on one port, and the store of large files on another, as on a host of its
/// own. Tests put
/// faults in the way of requests.
/// </summary>
public sealed partial class HubDouble : IDisposable
{
    private readonly LoopbackServer _hub;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<LoopbackResponse, LoopbackResponse>>> _faults =
        new();
    private readonly HubUploadDouble _uploads;

    public HubDouble()
    {
        Store = new LoopbackServer(request => Disturb(request, AnswerStore(request)));
        _uploads = new HubUploadDouble(this);
        _hub = new LoopbackServer(request => Disturb(request, Answer(request)));
    }

    public Uri Endpoint => _hub.Address;

    /// <summary>Where large files come from and go to.</summary>
    public LoopbackServer Store { get; }

    public IReadOnlyList<LoopbackRequest> Requests => _hub.Requests;

    public ConcurrentDictionary<string, HubRepositoryDouble> Repositories { get; } = new();

    /// <summary>Contents by hash.</summary>
    public ConcurrentDictionary<string, byte[]> Contents { get; } = new();

    /// <summary>How many files a page of the list has.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>The size of an upload's part; 0 for one piece.</summary>
    public int PartSize { get; set; }

    public HubRepositoryDouble Add(string name, params (string Path, byte[] Content)[] files)
    {
        var repository = Repositories.GetOrAdd(name, _ => new HubRepositoryDouble());
        foreach (var (path, content) in files)
        {
            repository.Files[path] = content;
            Contents[HubRepositoryDouble.Hash(path, content)] = content;
        }

        return repository;
    }

    /// <summary>Changes the answers to the next requests whose target holds a text, one after another.</summary>
    public void Disturb(string target, params Func<LoopbackResponse, LoopbackResponse>[] faults)
    {
        var queue = _faults.GetOrAdd(target, _ => new());
        foreach (var fault in faults)
            queue.Enqueue(fault);
    }

    /// <summary>The store's requests, or the Hub's, whose target holds a text.</summary>
    public IReadOnlyList<LoopbackRequest> Asked(string target) =>
        [
            .. Requests
                .Concat(Store.Requests)
                .Where(request => request.Target.Contains(target, StringComparison.Ordinal)),
        ];

    public void Dispose()
    {
        _hub.Dispose();
        Store.Dispose();
    }

    private LoopbackResponse Disturb(LoopbackRequest request, LoopbackResponse response)
    {
        foreach (var (target, queue) in _faults)
        {
            if (request.Target.Contains(target, StringComparison.Ordinal) && queue.TryDequeue(out var fault))
                return fault(response);
        }

        return response;
    }

    private LoopbackResponse Answer(LoopbackRequest request)
    {
        if (request.Method is not ("GET" or "HEAD"))
            return _uploads.Answer(request);
        var match = Reads().Match(request.Path);
        if (!match.Success)
            return Refuse(404, "", "Not Found");
        if (!Repositories.TryGetValue(match.Groups["name"].Value, out var repository))
            return Refuse(request.Header("Authorization") is null ? 401 : 404, "RepoNotFound", "Repository not found");
        if (Guard(repository, request) is { } refusal)
            return refusal;
        var revision = Uri.UnescapeDataString(match.Groups["revision"].Value);
        if (!repository.Branches.Contains(revision) && revision != repository.Commit)
            return Refuse(404, "RevisionNotFound", $"Invalid rev id: {revision}");
        return match.Groups["verb"].Value switch
        {
            "revision" => LoopbackResponse.Json(
                new
                {
                    sha = repository.Commit,
                    siblings = repository.Files.Keys.Select(path => new { rfilename = path }),
                }
            ),
            "tree" => Tree(request, repository),
            _ => File(request, repository, Uri.UnescapeDataString(match.Groups["path"].Value)),
        };
    }

    private static LoopbackResponse? Guard(HubRepositoryDouble repository, LoopbackRequest request) =>
        repository.Token is { } token && request.Header("Authorization") != $"Bearer {token}"
            ? Refuse(401, "", "Invalid credentials")
        : repository.IsGated ? Refuse(403, "GatedRepo", "Access to this model is restricted")
        : null;

    private LoopbackResponse Tree(LoopbackRequest request, HubRepositoryDouble repository)
    {
        var start = Cursor().Match(request.Target) is { Success: true } match
            ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : 0;
        var page = repository
            .Files.Skip(start)
            .Take(PageSize)
            .Select(file => Entry(repository, file.Key, file.Value))
            .Prepend(
                new
                {
                    type = "directory",
                    path = "onnx",
                    oid = new string('0', 40),
                    size = 0,
                }
            );
        var response = LoopbackResponse.Json(page);
        return start + PageSize < repository.Files.Count
            ? response.With(
                "Link",
                $"<{Endpoint.ToString().TrimEnd('/')}{request.Path}?recursive=true&cursor={start + PageSize}>; "
                    + $"rel=\"next\""
            )
            : response;
    }

    private static object Entry(HubRepositoryDouble repository, string path, byte[] content)
    {
        var size = repository.ListedSizes.GetValueOrDefault(path, content.Length);
        var hash = HubRepositoryDouble.Hash(path, content);
        return HubRepositoryDouble.IsLarge(path)
            ? new
            {
                type = "file",
                path,
                oid = new string('a', 40),
                size,
                lfs = new
                {
                    oid = hash,
                    size,
                    pointerSize = 134,
                },
            }
            : new
            {
                type = "file",
                path,
                oid = hash,
                size,
            };
    }

    private LoopbackResponse File(LoopbackRequest request, HubRepositoryDouble repository, string path)
    {
        if (!repository.Files.TryGetValue(path, out var content))
            return Refuse(404, "EntryNotFound", "Entry not found");
        var hash = HubRepositoryDouble.Hash(path, content);
        if (!HubRepositoryDouble.IsLarge(path))
            return Range(request, content).With("ETag", $"\"{hash}\"").With("X-Repo-Commit", repository.Commit);
        return LoopbackResponse
            .Empty(302)
            .With("Location", $"{Store.Address}storage/{hash}")
            .With("X-Linked-Etag", $"\"{hash}\"")
            .With("X-Linked-Size", $"{content.Length}")
            .With("X-Repo-Commit", repository.Commit);
    }

    private LoopbackResponse AnswerStore(LoopbackRequest request) =>
        request.Method is "PUT" ? _uploads.Receive(request)
        : Contents.TryGetValue(request.Path.Split('/')[^1], out var content) ? Range(request, content)
        : LoopbackResponse.Empty(404);

    private static LoopbackResponse Range(LoopbackRequest request, byte[] content)
    {
        if (request.Header("Range") is not { } range)
            return new LoopbackResponse(200, content);
        var start = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
        return new LoopbackResponse(206, content[start..]).With(
            "Content-Range",
            $"bytes {start}-{content.Length - 1}/{content.Length}"
        );
    }

    internal static LoopbackResponse Refuse(int status, string code, string message) =>
        LoopbackResponse
            .Json(new { error = message }, status)
            .With("X-Error-Code", code)
            .With("X-Error-Message", message);

    [GeneratedRegex(
        "^(/api/models)?/(?<name>[^/]+/[^/]+)/(?<verb>revision|tree|resolve)/(?<revision>[^/]+)(/(?<path>.+))?$"
    )]
    private static partial Regex Reads();

    [GeneratedRegex("cursor=(\\d+)")]
    private static partial Regex Cursor();
}
