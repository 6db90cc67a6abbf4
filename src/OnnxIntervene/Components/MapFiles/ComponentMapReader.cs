using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.MapFiles;

/// <summary>Reads component maps, and refuses unknown fields, naming their place.</summary>
internal static class ComponentMapReader
{
    private const int HighestLayer = 100_000;
    private static readonly string[] s_fields = ["components", "model"];
    private static readonly string[] s_entryFields =
    [
        "layer",
        "component",
        "tensor",
        "range",
        "width",
        "heads",
        "unit",
        "reason",
        "candidates",
    ];
    private static readonly string[] s_units = ["pos", "h", "h.pos", "t"];

    public static ComponentOverrides Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        using var document = StrictJson.Parse(
            json,
            (what, cause) => new InterventionException($"The component map {what}", cause)
        );
        return Read(document.RootElement);
    }

    private static ComponentOverrides Read(JsonElement root)
    {
        var fields = Fields(root, "$", s_fields);
        if (fields.TryGetValue("model", out var model) && model.ValueKind != JsonValueKind.String)
            throw Fault("$.model", $"a string is expected, not {model}");
        if (!fields.TryGetValue("components", out var list) || list.ValueKind != JsonValueKind.Array)
            throw Fault("$.components", "a list of components is expected");
        var entries = ImmutableArray.CreateBuilder<ComponentOverride>();
        var places = new Dictionary<ComponentAddress, string>();
        foreach (var (item, index) in list.EnumerateArray().Select((item, index) => (item, index)))
        {
            var place = $"$.components[{index}]";
            var entry = Entry(item, place);
            if (!places.TryAdd(entry.Address, place))
                throw Fault(place, $"{entry.Address} is already at {places[entry.Address]}");
            if (entry.Tensor.Length > 0)
                entries.Add(entry);
        }

        return new ComponentOverrides(entries.ToImmutable());
    }

    private static ComponentOverride Entry(JsonElement item, string place)
    {
        var fields = Fields(item, place, s_entryFields);
        var name = Text(fields, "component", place);
        if (string.IsNullOrWhiteSpace(name))
            throw Fault($"{place}.component", "the component's name is missing");
        var layer =
            Number(fields, "layer", place) ?? throw Fault($"{place}.layer", "the layer, counted from 0, is missing");
        if (layer > HighestLayer)
            throw Fault($"{place}.layer", $"{layer} is not a layer; the highest is {HighestLayer}");
        var unit = Text(fields, "unit", place);
        if (unit is not null && !s_units.Contains(unit))
            throw Fault($"{place}.unit", $"'{unit}' is not a unit; use {string.Join(", ", s_units)}");
        Text(fields, "reason", place);
        if (fields.TryGetValue("candidates", out var candidates) && candidates.ValueKind != JsonValueKind.Array)
            throw Fault($"{place}.candidates", "a list is expected");
        return new ComponentOverride(new ComponentAddress(layer, name), Text(fields, "tensor", place) ?? "")
        {
            Range = Range(fields, place),
            Width = Number(fields, "width", place),
            Heads = Number(fields, "heads", place) ?? 0,
            Unit = unit,
            Place = place,
        };
    }

    private static (int Start, int End)? Range(Dictionary<string, JsonElement> fields, string place)
    {
        if (!fields.TryGetValue("range", out var json))
            return null;
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() != 2)
            throw Fault(
                $"{place}.range",
                "two numbers are expected: where the range starts, and where it ends (excluded)"
            );
        var (start, end) = (Number(json[0], $"{place}.range[0]"), Number(json[1], $"{place}.range[1]"));
        return start < end ? (start, end) : throw Fault($"{place}.range", $"[{start}, {end}] is empty");
    }

    // Fields that are null count as left out.
    private static Dictionary<string, JsonElement> Fields(JsonElement json, string place, string[] known)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw Fault(place, "an object is expected");
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            if (!known.Contains(property.Name))
                throw Fault($"{place}.{property.Name}", $"no such field; the fields are {string.Join(", ", known)}");
            if (property.Value.ValueKind != JsonValueKind.Null)
                fields[property.Name] = property.Value;
        }

        return fields;
    }

    private static int? Number(Dictionary<string, JsonElement> fields, string name, string place) =>
        fields.TryGetValue(name, out var json) ? Number(json, $"{place}.{name}") : null;

    private static int Number(JsonElement json, string place) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var number) && number >= 0
            ? number
            : throw Fault(place, $"a whole number is expected, not {json}");

    private static string? Text(Dictionary<string, JsonElement> fields, string name, string place)
    {
        if (!fields.TryGetValue(name, out var json))
            return null;
        return json.ValueKind == JsonValueKind.String
            ? json.GetString()!
            : throw Fault($"{place}.{name}", $"a string is expected, not {json}");
    }

    private static InterventionException Fault(string place, string what) => new($"Component map, {place}: {what}.");
}
