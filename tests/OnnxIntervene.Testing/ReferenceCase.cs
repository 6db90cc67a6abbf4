using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Testing;

/// <summary>One experiment of the references and what it must give.</summary>
public sealed class ReferenceCase(JsonElement json)
{
    public string Name => json.GetProperty("name").GetString()!;

    /// <summary>The part of the name before the first slash.</summary>
    public string Kind => Name.Split('/')[0];

    public string Base => json.GetProperty("base").GetString()!;

    public ImmutableArray<string?> Sources =>
        Member("sources") is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Select(source => source.GetString())]
            : [];

    /// <summary>pyvene's configuration; undefined for a plain run.</summary>
    public JsonElement Config => Member("config");

    public JsonElement UnitLocations => Member("unit_locations");

    /// <summary>Tensor names of each intervention's parameters.</summary>
    public ImmutableArray<ImmutableDictionary<string, string>> Parameters =>
        Member("parameters") is { ValueKind: JsonValueKind.Array } list
            ?
            [
                .. list.EnumerateArray()
                    .Select(item =>
                        item.ValueKind == JsonValueKind.Object
                            ? item.EnumerateObject()
                                .ToImmutableDictionary(entry => entry.Name, entry => entry.Value.GetString()!)
                            : ImmutableDictionary<string, string>.Empty
                    ),
            ]
            : [];

    public double? Effect => Member("effect") is { ValueKind: JsonValueKind.Number } effect ? effect.GetDouble() : null;

    public double Tolerance => json.GetProperty("atol").GetDouble();

    public string? ExpectedLogits =>
        Expectation("logits") is { ValueKind: JsonValueKind.String } name ? name.GetString() : null;

    public ImmutableArray<string> ExpectedCollected =>
        Expectation("collected") is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Select(name => name.GetString()!)]
            : [];

    /// <summary>Tensor names of the loss's gradients by component; empty for cases of another kind.</summary>
    public ImmutableDictionary<ComponentAddress, string> ExpectedGradients =>
        Expectation("gradients") is { ValueKind: JsonValueKind.Object } gradients
            ? gradients
                .EnumerateObject()
                .ToImmutableDictionary(entry => AddressOf(entry.Name), entry => entry.Value.GetString()!)
            : ImmutableDictionary<ComponentAddress, string>.Empty;

    /// <summary>
    /// A part of the case that no test has a use for yet, such as groups or subspaces; undefined when the case lacks
    /// it.
    /// </summary>
    public JsonElement Member(string name) => json.TryGetProperty(name, out var member) ? member : default;

    // L0/block_output
    private static ComponentAddress AddressOf(string name)
    {
        var parts = name.Split('/', 2);
        return new ComponentAddress(int.Parse(parts[0][1..], CultureInfo.InvariantCulture), parts[1]);
    }

    private JsonElement Expectation(string name) =>
        Member("expect") is { ValueKind: JsonValueKind.Object } expect && expect.TryGetProperty(name, out var member)
            ? member
            : default;

    public override string ToString() => Name;
}
