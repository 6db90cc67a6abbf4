using System.Collections.Immutable;
using OnnxIntervene.Hub;
using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Servers;

namespace OnnxIntervene.Tests.Hub;

/// <summary>A Hub, a cache and a client for one test.</summary>
internal sealed class HubBench : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ImmutableList<TimeSpan> _waits = [];

    public HubBench()
    {
        Options = new HubOptions
        {
            Endpoint = Hub.Endpoint,
            CacheFolder = _folder.File("cache"),
            Wait = (pause, cancellation) =>
            {
                _waits = _waits.Add(pause);
                return Task.CompletedTask;
            },
        };
    }

    public HubDouble Hub { get; } = new();

    public HubOptions Options { get; set; }

    /// <summary>The waits between attempts.</summary>
    public IReadOnlyList<TimeSpan> Waits => _waits;

    public string Cache(string path = "") => Path.Combine(_folder.Path, "cache", "models--owner--name", path);

    public string File(string path) => _folder.File(path);

    public async Task<HubPull> PullAsync(
        string reference = "hf:owner/name",
        HubFilter? filter = null,
        string? to = null
    )
    {
        using var client = new HubClient(Options);
        return to is null
            ? await client.PullAsync(HubReference.Parse(reference), filter ?? HubFilter.Model)
            : await client.PullToAsync(HubReference.Parse(reference), filter ?? HubFilter.Model, to);
    }

    public async Task<string> ModelAsync(string reference)
    {
        using var client = new HubClient(Options);
        return await client.ModelAsync(HubReference.Parse(reference));
    }

    public async Task<HubCommit> PushAsync(
        string folder,
        Func<HubPush, HubPush>? change = null,
        string target = "hf:owner/name"
    )
    {
        var push = new HubPush(folder, HubReference.Parse(target));
        using var client = new HubClient(Options);
        return await client.PushAsync(change?.Invoke(push) ?? push);
    }

    /// <summary>Contents of so many bytes.</summary>
    public static byte[] Bytes(int count, int seed = 0)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void Dispose()
    {
        Hub.Dispose();
        _folder.Dispose();
    }
}
