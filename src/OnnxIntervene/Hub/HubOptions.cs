using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>Which Hub is used, as which user, and where its files are kept.</summary>
public sealed record HubOptions
{
    /// <summary>The Hub's address.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>
    /// The user's token; it is sent to the endpoint and to no other host. Null for public repositories.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>
    /// The cache, in the layout that all of the Hub's libraries share (huggingface.co/docs/hub/local-cache).
    /// </summary>
    public required string CacheFolder { get; init; }

    /// <summary>Whether only the cache may be used.</summary>
    public bool IsOffline { get; init; }

    /// <summary>
    /// Whether the cache's snapshots link to its blobs; if not, and where the system has no links, files are copied.
    /// </summary>
    public bool UsesLinks { get; init; } = true;

    /// <summary>How often in a row a request may fail for transient reasons.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long a server may stay silent.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The pauses between attempts.</summary>
    public Func<TimeSpan, CancellationToken, Task> Wait { get; init; } = Task.Delay;

    /// <summary>
    /// What the environment says: HF_ENDPOINT, HF_TOKEN or HUGGING_FACE_HUB_TOKEN or the token file (HF_TOKEN_PATH,
    /// HF_HOME/token), HF_HUB_CACHE or HF_HOME/hub, HF_HUB_OFFLINE, HF_HUB_DISABLE_SYMLINKS.
    /// </summary>
    /// <exception cref="InterventionException">The value of a variable is not valid.</exception>
    public static HubOptions FromEnvironment() =>
        HubEnvironment.Read(
            Environment.GetEnvironmentVariable,
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)
        );

    /// <summary>Endpoint and cache; never the token.</summary>
    public override string ToString() => $"{Endpoint}, cache '{CacheFolder}'";
}
