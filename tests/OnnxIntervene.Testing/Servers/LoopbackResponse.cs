using System.Collections.Immutable;
using System.Text.Json;

namespace OnnxIntervene.Testing.Servers;

/// <summary>What a server on this machine answers.</summary>
public sealed record LoopbackResponse(int Status, byte[] Body)
{
    public ImmutableDictionary<string, string> Headers { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>After how many bytes of the body the connection is cut; null for never.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether the connection stays open and silent after what is sent.</summary>
    public bool Stalls { get; init; }

    public static LoopbackResponse Json<T>(T value, int status = 200) =>
        new LoopbackResponse(status, JsonSerializer.SerializeToUtf8Bytes(value)).With(
            "Content-Type",
            "application/json"
        );

    public static LoopbackResponse Empty(int status) => new(status, []);

    public LoopbackResponse With(string name, string value) => this with { Headers = Headers.SetItem(name, value) };
}
