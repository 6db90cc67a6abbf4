using System.Collections.Immutable;
using System.Text.Json;

namespace OnnxIntervene.Interventions;

/// <summary>Reads the units of one intervention: numbers, rows of numbers, or positions named by a text.</summary>
internal static class LocationEntryReader
{
    /// <summary>
    /// One entry: null for everything, <c>[batch][units]</c>, <c>[2][batch][units]</c> where the unit has two parts, or
    /// a name.
    /// </summary>
    public static UnitLocation? Read(JsonElement json, string unit, string path)
    {
        if (json.ValueKind == JsonValueKind.Null)
            return null;
        if (json.ValueKind is JsonValueKind.Object or JsonValueKind.String)
            return Named(json, path);
        if (!unit.Contains('.', StringComparison.Ordinal))
            return new UnitLocation(Rows(json, path));
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() != 2)
            throw ConfigField.Fault(path, $"for the unit '{unit}' a list of two (heads, positions) is expected");
        var positions = json[1].ValueKind is JsonValueKind.Object or JsonValueKind.String
            ? Named(json[1], $"{path}[1]")
            : new UnitLocation(Rows(json[1], $"{path}[1]"));
        return positions with { Heads = Rows(json[0], $"{path}[0]") };
    }

    /// <summary>
    /// Positions by name: <c>"unpadded"</c>, or an object whose key says which token of the text.
    /// </summary>
    public static UnitLocation Named(JsonElement json, string path)
    {
        if (json.ValueKind == JsonValueKind.String)
            return json.GetString() == "unpadded"
                ? UnitLocation.Unpadded
                : throw ConfigField.Fault(
                    path,
                    $"'{json}' names no positions; write \"unpadded\", or {{\"last_token_of\": TEXT}}"
                );
        if (
            json.EnumerateObject().ToList() is not [var property]
            || property.Value.ValueKind != JsonValueKind.String
            || property.Value.GetString()!.Length == 0
        )
            throw ConfigField.Fault(
                path,
                "one key with a text is expected: last_token_of, first_token_of or tokens_of"
            );
        var text = property.Value.GetString()!;
        return property.Name switch
        {
            "last_token_of" => UnitLocation.LastTokenOf(text),
            "first_token_of" => UnitLocation.FirstTokenOf(text),
            "tokens_of" => UnitLocation.TokensOf(text),
            _ => throw ConfigField.Fault(
                $"{path}.{property.Name}",
                "no such name of positions; the names are last_token_of, first_token_of, tokens_of"
            ),
        };
    }

    public static ImmutableArray<int> Row(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault(path, "a list of units is expected");
        return [.. json.EnumerateArray().Select(item => Unit(item, path))];
    }

    public static int Unit(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var unit)
            ? unit
            : throw ConfigField.Fault(path, $"a unit is expected, counted from 0, or from the end with -1, not {json}");

    private static ImmutableArray<ImmutableArray<int>> Rows(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
            throw ConfigField.Fault(path, "a list with a row for each example is expected");
        return json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number)
            ? [Row(json, path)]
            : [.. json.EnumerateArray().Select((row, index) => Row(row, $"{path}[{index}]"))];
    }
}
