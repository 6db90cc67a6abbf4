using System.Net;

namespace OnnxIntervene.Hub;

/// <summary>A part of a file as a request's body, never whole in memory.</summary>
internal sealed class FilePartContent(string path, long start, long length, Action<long> report) : HttpContent
{
    private const int BufferSize = 1 << 18;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken
    )
    {
        await using var source = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read,
            BufferSize,
            useAsync: true
        );
        source.Position = start;
        var buffer = new byte[BufferSize];
        for (long sent = 0; sent < length; )
        {
            var count = await source.ReadAsync(
                buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - sent)),
                cancellationToken
            );
            if (count == 0)
                throw new EndOfStreamException($"'{path}' became shorter while it was uploaded. Push again.");
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            sent += count;
            report(sent);
        }
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }
}
