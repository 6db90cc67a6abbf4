using System.Collections.Immutable;
using System.Text.Json;

namespace OnnxIntervene.Testing;

/// <summary>One result of the goldens.</summary>
public sealed class GoldenCase(JsonElement json)
{
    public string Name => json.GetProperty("name").GetString()!;

    public string Kind => json.GetProperty("kind").GetString()!;

    public double Tolerance => json.GetProperty("tolerance").GetProperty("atol").GetDouble();

    public JsonElement Json => json;

    /// <summary>The component of a representation.</summary>
    public string Component(int representation) =>
        json.GetProperty("pyvene").GetProperty("representations")[representation].GetProperty("component").GetString()!;

    public string Input(string name) => json.GetProperty("inputs").GetProperty(name).GetString()!;

    public string Expected(string name) => json.GetProperty("expected").GetProperty(name).GetString()!;

    public ImmutableArray<int> Integers(string name) => [.. json.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];

    public override string ToString() => Name;
}
