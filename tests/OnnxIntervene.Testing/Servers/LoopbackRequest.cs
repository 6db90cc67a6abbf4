using System.Collections.Immutable;

namespace OnnxIntervene.Testing.Servers;

/// <summary>A request as a server on this machine has read it.</summary>
/// <param name="Method">GET, HEAD, POST or PUT.</param>
/// <param name="Target">Path and query, still escaped.</param>
/// <param name="Headers">The header lines; names in any case.</param>
/// <param name="Body">The body.</param>
public sealed record LoopbackRequest(
    string Method,
    string Target,
    ImmutableDictionary<string, string> Headers,
    byte[] Body
)
{
    public string Path => Target.Split('?')[0];

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
