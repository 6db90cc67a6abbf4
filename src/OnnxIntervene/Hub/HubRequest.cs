using System.Net;

namespace OnnxIntervene.Hub;

/// <summary>A request, described so that it can be sent again.</summary>
internal sealed record HubRequest(HttpMethod Method, Uri Target)
{
    /// <summary>The request's name in messages.</summary>
    public required string What { get; init; }

    /// <summary>Makes a new body for each attempt.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>The first byte that is wanted.</summary>
    public long From { get; init; }

    /// <summary>Whether it may be sent again when its outcome is unknown.</summary>
    public bool MayRepeat { get; init; } = true;

    /// <summary>Whether the user's token goes with it, where the target is the endpoint.</summary>
    public bool SendsToken { get; init; } = true;

    /// <summary>A status that counts as success.</summary>
    public HttpStatusCode? Accepts { get; init; }

    /// <summary>More headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}
