using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OnnxIntervene.Testing.Servers;

/// <summary>The routes of a Hub that change something.</summary>
internal sealed partial class HubUploadDouble(HubDouble hub)
{
    private readonly ConcurrentDictionary<string, SortedDictionary<int, byte[]>> _parts = new();

    public LoopbackResponse Answer(LoopbackRequest request)
    {
        if (request.Header("Authorization") is null)
            return HubDouble.Refuse(401, "", "Invalid credentials");
        using var json = request.Path.Contains("/commit/", StringComparison.Ordinal)
            ? null
            : JsonDocument.Parse(request.Body);
        if (request.Path == "/api/repos/create")
            return Create(json!.RootElement);
        if (request.Path.StartsWith("/verify", StringComparison.Ordinal))
            return hub.Contents.ContainsKey(json!.RootElement.GetProperty("oid").GetString()!)
                ? new LoopbackResponse(200, "OK"u8.ToArray())
                : LoopbackResponse.Empty(404);
        if (request.Path.StartsWith("/complete", StringComparison.Ordinal))
            return Complete(json!.RootElement);
        var match = Writes().Match(request.Path);
        if (!match.Success || !hub.Repositories.TryGetValue(match.Groups["name"].Value, out var repository))
            return HubDouble.Refuse(404, "RepoNotFound", "Repository not found");
        var revision = Uri.UnescapeDataString(match.Groups["revision"].Value);
        return match.Groups["verb"].Value switch
        {
            "branch" => repository.Branches.Add(revision)
                ? LoopbackResponse.Empty(200)
                : HubDouble.Refuse(409, "", "Reference already exists"),
            "preupload" => Preupload(json!.RootElement),
            "commit" => Commit(request, repository),
            _ => Batch(json!.RootElement),
        };
    }

    /// <summary>Takes a content, or a part of it.</summary>
    public LoopbackResponse Receive(LoopbackRequest request)
    {
        var words = request.Path.Split('/');
        if (words[1] == "upload")
            hub.Contents[words[2]] = request.Body;
        else
            _parts.GetOrAdd(words[2], _ => []).Add(int.Parse(words[3], CultureInfo.InvariantCulture), request.Body);
        return LoopbackResponse.Empty(200).With("ETag", $"\"part{words[^1]}\"");
    }

    private LoopbackResponse Create(JsonElement body)
    {
        var name = $"{body.GetProperty("organization").GetString()}/{body.GetProperty("name").GetString()}";
        if (hub.Repositories.ContainsKey(name))
            return HubDouble.Refuse(409, "", "You already created this model repo");
        hub.Add(name, (".gitattributes", "*.onnx filter=lfs"u8.ToArray())).IsPrivate = body.GetProperty("private")
            .GetBoolean();
        return LoopbackResponse.Json(new { url = $"{hub.Endpoint}{name}" });
    }

    private static LoopbackResponse Preupload(JsonElement body) =>
        LoopbackResponse.Json(
            new
            {
                files = body.GetProperty("files")
                    .EnumerateArray()
                    .Select(file => file.GetProperty("path").GetString()!)
                    .Select(path => new
                    {
                        path,
                        uploadMode = HubRepositoryDouble.IsLarge(path) ? "lfs" : "regular",
                        shouldIgnore = path.EndsWith(".ignored", StringComparison.Ordinal),
                    }),
            }
        );

    private LoopbackResponse Batch(JsonElement body) =>
        LoopbackResponse.Json(
            new
            {
                transfer = hub.PartSize > 0 ? "multipart" : "basic",
                objects = body.GetProperty("objects")
                    .EnumerateArray()
                    .Select(item => Object(item.GetProperty("oid").GetString()!, item.GetProperty("size").GetInt64())),
            }
        );

    private object Object(string oid, long size)
    {
        if (hub.Contents.ContainsKey(oid))
            return new { oid, size };
        var verify = new { href = $"{hub.Endpoint}verify/{oid}", header = new Dictionary<string, string>() };
        if (hub.PartSize == 0)
            return new
            {
                oid,
                size,
                actions = new
                {
                    upload = new
                    {
                        href = $"{hub.Store.Address}upload/{oid}",
                        header = new Dictionary<string, string> { ["X-Store"] = "yes" },
                    },
                    verify,
                },
            };
        var header = Enumerable
            .Range(1, (int)((size + hub.PartSize - 1) / hub.PartSize))
            .ToDictionary(part => $"{part}", part => $"{hub.Store.Address}part/{oid}/{part}");
        header.Add("chunk_size", $"{hub.PartSize}");
        return new
        {
            oid,
            size,
            actions = new { upload = new { href = $"{hub.Endpoint}complete/{oid}", header }, verify },
        };
    }

    private LoopbackResponse Complete(JsonElement body)
    {
        var oid = body.GetProperty("oid").GetString()!;
        var tags = body.GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("etag").GetString());
        var parts = _parts[oid];
        if (!tags.SequenceEqual(parts.Keys.Select(part => $"\"part{part}\"")))
            return HubDouble.Refuse(400, "", "Wrong tags");
        hub.Contents[oid] = [.. parts.Values.SelectMany(part => part)];
        return LoopbackResponse.Json(new { success = true });
    }

    private LoopbackResponse Commit(LoopbackRequest request, HubRepositoryDouble repository)
    {
        var lines = Encoding
            .UTF8.GetString(request.Body)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        var header = lines[0].GetProperty("value");
        if (
            request.Header("Content-Type") != "application/x-ndjson"
            || header.GetProperty("parentCommit").GetString() != repository.Commit
        )
            return HubDouble.Refuse(412, "", "The branch has moved");
        foreach (var line in lines.Skip(1))
        {
            var value = line.GetProperty("value");
            var path = value.GetProperty("path").GetString()!;
            repository.Files[path] =
                line.GetProperty("key").GetString() == "file"
                    ? Convert.FromBase64String(value.GetProperty("content").GetString()!)
                    : hub.Contents[value.GetProperty("oid").GetString()!];
        }

        repository.Messages.Add(header.GetProperty("summary").GetString()!);
        return LoopbackResponse.Json(
            new
            {
                success = true,
                commitOid = repository.Commit,
                commitUrl = $"{hub.Endpoint}commit/{repository.Commit}",
            }
        );
    }

    [GeneratedRegex(
        """^(/api/models)?/(?<name>[^/]+/[^/]+?)(\.git)?/(?<verb>branch|preupload|commit|info/lfs/objects/batch)(/(?<revision>[^/]+))?$"""
    )]
    private static partial Regex Writes();
}
