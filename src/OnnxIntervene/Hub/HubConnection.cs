using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace OnnxIntervene.Hub;

/// <summary>
/// Sends requests: with the token to the endpoint only, along redirects, and again after transient faults. Owns its
/// connections.
/// </summary>
internal sealed class HubConnection(HubOptions options) : IDisposable
{
    private const int MostRedirects = 5;
    private static readonly ProductInfoHeaderValue s_agent = new(
        "onnx-intervene",
        typeof(HubConnection).Assembly.GetName().Version?.ToString(3) ?? "0"
    );

    // Redirects are followed here, where it is known which host may see the token.
    private readonly HttpClient _client = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !options.Endpoint.IsLoopback,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.IdleTimeout,
        }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public HubOptions Options => options;

    /// <summary>
    /// Sends a request and reads its answer; does both again when the connection is lost, or the server asks to retry.
    /// </summary>
    /// <param name="request">Makes the request; it may ask for less after a part has arrived.</param>
    /// <param name="read">Reads a successful answer.</param>
    /// <param name="faults">Says what an unsuccessful answer means.</param>
    /// <param name="position">How much has been read; a transfer that progresses may continue.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HubException">The server cannot be reached, refuses, or keeps failing.</exception>
    public async Task<T> SendAsync<T>(
        Func<HubRequest> request,
        Func<HttpResponseMessage, Task<T>> read,
        HubFaults faults,
        Func<long>? position,
        CancellationToken cancellation
    )
    {
        var (attempt, reached) = (0, position?.Invoke() ?? 0);
        while (true)
        {
            var current = request();
            Exception fault;
            TimeSpan? pause = null;
            try
            {
                using var response = await FollowAsync(current, faults, cancellation);
                if (response.IsSuccessStatusCode || response.StatusCode == current.Accepts)
                    return await read(response);
                var refusal = await faults.OfAsync(current, response, cancellation);
                if (!IsTransient(response.StatusCode) || (!current.MayRepeat && !IsUnprocessed(response.StatusCode)))
                    throw refusal;
                (fault, pause) = (refusal, RetryPause.Requested(response.Headers.RetryAfter));
            }
            catch (Exception lost) when (IsLost(lost, cancellation))
            {
                fault = HubFaults.Lost(current, lost, Innermost(lost));
                if (!current.MayRepeat || IsFinal(lost))
                    throw fault;
            }

            var now = position?.Invoke() ?? 0;
            attempt = now > reached ? 1 : attempt + 1;
            reached = now;
            if (attempt >= options.Attempts)
                throw fault;
            await options.Wait(pause ?? RetryPause.After(attempt), cancellation);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> FollowAsync(
        HubRequest request,
        HubFaults faults,
        CancellationToken cancellation
    )
    {
        var target = request.Target;
        var isEndpoint = IsEndpoint(target);
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendOnceAsync(request, target, isEndpoint && request.SendsToken, cancellation);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
                return response;
            response.Dispose();
            target = new Uri(target, location);
            if (redirects == MostRedirects || !IsAllowed(target))
                throw faults.BadRedirect(request, target);
            isEndpoint = isEndpoint && IsEndpoint(target);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        HubRequest request,
        Uri target,
        bool withToken,
        CancellationToken cancellation
    )
    {
        using var message = new HttpRequestMessage(request.Method, target) { Content = request.Content?.Invoke() };
        message.Headers.UserAgent.Add(s_agent);
        if (withToken && options.Token is { } token)
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (request.From > 0)
            message.Headers.Range = new RangeHeaderValue(request.From, null);
        if (target.Authority == request.Target.Authority)
            Add(request.Headers, message);

        // During a long upload the server may say nothing.
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (request.Content is null)
            timeout.CancelAfter(options.IdleTimeout);
        return await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
    }

    // Some headers belong to the body.
    private static void Add(IReadOnlyDictionary<string, string> headers, HttpRequestMessage message)
    {
        foreach (var (name, value) in headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private bool IsEndpoint(Uri target) =>
        target.Scheme == options.Endpoint.Scheme && target.Authority == options.Endpoint.Authority;

    // A request over HTTPS is not redirected to HTTP.
    private bool IsAllowed(Uri target) =>
        target.Scheme == Uri.UriSchemeHttps
        || (target.Scheme == Uri.UriSchemeHttp && options.Endpoint.Scheme == Uri.UriSchemeHttp);

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    private static bool IsTransient(HttpStatusCode status) => (int)status is 408 or 429 or >= 500;

    // The server says that it has done nothing.
    private static bool IsUnprocessed(HttpStatusCode status) => (int)status is 429 or 503;

    private static bool IsLost(Exception fault, CancellationToken cancellation) =>
        fault switch
        {
            HttpRequestException or HttpIOException => true,
            IOException { InnerException: SocketException } => true,
            OperationCanceledException => !cancellation.IsCancellationRequested,
            _ => false,
        };

    // An unknown host name or a wrong certificate is not transient.
    private static bool IsFinal(Exception fault) =>
        fault
            is HttpRequestException
            {
                HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
            };

    private static string Innermost(Exception fault) =>
        fault is OperationCanceledException
            ? "it has stopped answering."
            : fault.GetBaseException().Message.TrimEnd('.') + ".";
}
