using System.Collections.Immutable;
using System.Text.Json;

namespace OnnxIntervene.Testing;

/// <summary>One result of the goldens.</summary>
public sealed class GoldenCase(JsonElement json)
{
    public string Name => json.GetProperty("name").GetString()!;

    public string Kind => json.GetProperty("kind").GetString()!;

    /// <summary>How far a number may be from torch's, whatever its size.</summary>
    public double Tolerance => json.GetProperty("tolerance").GetProperty("atol").GetDouble();

    /// <summary>
    /// How much farther, as a part of the largest number in its row: residual streams have single activations of
    /// thousands.
    /// </summary>
    public double RelativeTolerance =>
        json.GetProperty("tolerance").TryGetProperty("relative_to_row_max", out var relative)
            ? relative.GetDouble()
            : 0;

    public JsonElement Json => json;

    /// <summary>pyvene's configuration.</summary>
    public JsonElement Pyvene => json.GetProperty("pyvene");

    /// <summary>The component of a representation.</summary>
    public string Component(int representation) =>
        Pyvene.GetProperty("representations")[representation].GetProperty("component").GetString()!;

    public string Input(string name) => json.GetProperty("inputs").GetProperty(name).GetString()!;

    public string Expected(string name) => json.GetProperty("expected").GetProperty(name).GetString()!;

    /// <summary>The one tensor that is expected.</summary>
    public string Expected() => json.GetProperty("expected").EnumerateObject().Single().Value.GetString()!;

    /// <summary>A list of numbers, or the number in its place.</summary>
    public ImmutableArray<int> Integers(string list, string single) =>
        json.TryGetProperty(list, out var found)
            ? [.. found.EnumerateArray().Select(item => item.GetInt32())]
            : [json.GetProperty(single).GetInt32()];

    public override string ToString() => Name;
}
