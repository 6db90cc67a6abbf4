using OnnxIntervene.Json;

namespace OnnxIntervene.Hub;

/// <summary>Reads answers up to a limit, from servers that may stop sending.</summary>
internal sealed class HubBody(HubOptions options, CancellationToken cancellation)
{
    private const int LargestJson = 64 << 20;
    private const int BufferSize = 1 << 18;

    /// <summary>An answer as JSON.</summary>
    /// <exception cref="HubException">It is not JSON, or it is too large.</exception>
    public async Task<JsonPlace> JsonAsync(HttpResponseMessage response, string what)
    {
        using var memory = new MemoryStream();
        await CopyAsync(response, memory, LargestJson, report: null, what);
        return JsonText.Parse(memory.GetBuffer().AsSpan(0, (int)memory.Length), Source(response, what));
    }

    private JsonSource Source(HttpResponseMessage response, string what) =>
        new(
            $"{what}: the answer",
            (message, cause) =>
                new HubException($"{message} Does HF_ENDPOINT ({options.Endpoint}) name a Hub?", cause!)
                {
                    Url = HubException.UrlOf(response),
                }
        );

    /// <summary>Writes an answer to a stream.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="target">Where it is written.</param>
    /// <param name="limit">How many bytes it may have.</param>
    /// <param name="report">Receives how many bytes have arrived.</param>
    /// <param name="what">What messages call it.</param>
    /// <exception cref="HubException">More bytes arrive than the limit.</exception>
    public async Task CopyAsync(
        HttpResponseMessage response,
        Stream target,
        long limit,
        Action<long>? report,
        string what
    )
    {
        await using var source = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[BufferSize];
        long total = 0;
        while (await ReadAsync(source, buffer) is var count && count > 0)
        {
            total += count;
            if (total > limit)
                throw new HubException($"{what}: the answer has more than the expected {limit} bytes. It is not kept.")
                {
                    Url = HubException.UrlOf(response),
                    IsWrongContent = true,
                };
            await target.WriteAsync(buffer.AsMemory(0, count), cancellation);
            report?.Invoke(total);
        }
    }

    private async Task<int> ReadAsync(Stream source, Memory<byte> buffer)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(options.IdleTimeout);
        return await source.ReadAsync(buffer, timeout.Token);
    }
}
