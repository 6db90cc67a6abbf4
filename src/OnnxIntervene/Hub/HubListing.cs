using System.Collections.Immutable;
using System.Text.RegularExpressions;
using OnnxIntervene.Json;

namespace OnnxIntervene.Hub;

/// <summary>Asks what a revision means and which files it has.</summary>
internal sealed partial class HubListing(HubConnection connection, HubReference reference)
{
    private const int MostFiles = 1_000_000;
    private const long LargestFile = 1L << 50;
    private readonly HubRoutes _routes = new(connection.Options, reference);
    private readonly HubFaults _faults = new(connection.Options, reference);

    /// <summary>The revision's commit and files.</summary>
    public async Task<HubSnapshot> ReadAsync(CancellationToken cancellation)
    {
        var commit = await CommitAsync(cancellation);
        var files = ImmutableArray.CreateBuilder<HubFile>();
        var seen = new HashSet<Uri>();
        for (var page = _routes.Tree(commit); page is not null && seen.Add(page); )
        {
            page = await PageAsync(page, files, cancellation);
            if (files.Count > MostFiles)
                throw Malformed($"has more than {MostFiles} files");
        }

        if (
            files.GroupBy(file => file.Path, StringComparer.Ordinal).FirstOrDefault(group => group.Skip(1).Any()) is
            { } twice
        )
            throw Malformed($"has the path '{twice.Key}' twice");
        return new HubSnapshot(commit, files.ToImmutable());
    }

    private async Task<string> CommitAsync(CancellationToken cancellation)
    {
        var json = await JsonAsync(_routes.Revision, response => response.Json, cancellation);
        return HubJson.Text(json, "sha") is { } commit && HubHash.IsCommit(commit)
            ? commit
            : throw Malformed("names no commit");
    }

    private async Task<Uri?> PageAsync(Uri page, ImmutableArray<HubFile>.Builder files, CancellationToken cancellation)
    {
        var (json, next) = await JsonAsync(page, response => response, cancellation);
        if (!json.IsList)
            throw Malformed("is not a list of files");
        files.AddRange(json.Items().Where(entry => HubJson.Text(entry, "type") == "file").Select(Read));

        // A mirror passes on the Hub's own addresses; the whole list must come from one host, which gets the token.
        return next is null ? null : _routes.Here(next);
    }

    private HubFile Read(JsonPlace entry)
    {
        var path = HubJson.Text(entry, "path") ?? throw Malformed("has a file without a path");
        var large = HubJson.Object(entry, "lfs");
        var hash = HubJson.Text(large ?? entry, "oid");
        if (hash is null || !HubHash.IsHash(hash, large is not null))
            throw Malformed($"has no hash for '{path}'");
        return (large ?? entry)["size"] is var size && size.IsWhole(0, LargestFile)
            ? new HubFile(path, size.Whole(), hash, large is not null)
            : throw Malformed($"has no size for '{path}'");
    }

    private Task<T> JsonAsync<T>(
        Uri target,
        Func<(JsonPlace Json, Uri? Next), T> select,
        CancellationToken cancellation
    ) =>
        connection.SendAsync(
            () => new HubRequest(HttpMethod.Get, target) { What = $"'{reference}'" },
            async response =>
            {
                var json = await new HubBody(connection.Options, cancellation).JsonAsync(response, $"'{reference}'");
                return select((json, Next(target, response)));
            },
            _faults,
            position: null,
            cancellation
        );

    private static Uri? Next(Uri page, HttpResponseMessage response) =>
        response.Headers.TryGetValues("Link", out var links)
        && NextLink().Match(string.Join(", ", links)) is { Success: true } match
        && Uri.TryCreate(page, match.Groups["target"].Value, out var next)
            ? next
            : null;

    private HubException Malformed(string fault) =>
        new($"'{reference}': the list from {connection.Options.Endpoint} {fault}. Does HF_ENDPOINT name a Hub?")
        {
            Url = connection.Options.Endpoint,
        };

    [GeneratedRegex("<(?<target>[^<>]{1,4096})>\\s*;\\s*rel=\"next\"")]
    private static partial Regex NextLink();
}
