using System.Net;

namespace OnnxIntervene.Hub;

/// <summary>
/// The Hub or the network failed: no connection, an answer that refuses, or an answer that is not what a Hub sends.
/// What the caller asked for may be in order.
/// </summary>
public sealed class HubException : IOException
{
    /// <summary>Creates the exception without a message.</summary>
    public HubException() { }

    /// <summary>Creates the exception with what failed, and what to do.</summary>
    public HubException(string message)
        : base(message) { }

    /// <summary>Creates the exception with what failed, and what to do, and the underlying error.</summary>
    public HubException(string message, Exception innerException)
        : base(message, innerException) { }

    /// <summary>
    /// The address that was asked, without its query, which may hold a signature; null when none was.
    /// </summary>
    public Uri? Url { get; internal init; }

    /// <summary>
    /// The status that the server answered with; null when none arrived, or when only the body is at fault.
    /// </summary>
    public HttpStatusCode? Status { get; internal init; }

    /// <summary>
    /// Whether the contents that arrived are not those that the Hub lists, so that they must not be kept.
    /// </summary>
    internal bool IsWrongContent { get; init; }

    /// <summary>
    /// An address as it may be shown: links to stores of large files hold their permission in the query.
    /// </summary>
    internal static Uri WithoutQuery(Uri url) => new(url.GetLeftPart(UriPartial.Path));

    /// <summary>The address that an answer came from, as it may be shown.</summary>
    internal static Uri? UrlOf(HttpResponseMessage response) =>
        response.RequestMessage?.RequestUri is { } url ? WithoutQuery(url) : null;
}
