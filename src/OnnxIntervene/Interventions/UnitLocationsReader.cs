using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions;

/// <summary>Reads unit locations as pyvene's callers write them: <c>{"sources->base": [sources, base]}</c> or <c>{"base": …}</c>.</summary>
public static class UnitLocationsReader
{
    /// <summary>Reads the locations of a run of a configuration.</summary>
    /// <exception cref="InterventionException">The JSON is none of pyvene's forms; the message names the place.</exception>
    public static UnitLocations Read(JsonElement json, IntervenableConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (json.ValueKind == JsonValueKind.Null)
            return UnitLocations.Everywhere;
        if (json.ValueKind != JsonValueKind.Object)
            throw Fault("$.unit_locations", "an object is expected");
        if (json.TryGetProperty("sources->base", out var both))
            return Both(both, config);
        if (json.TryGetProperty("base", out var only))
            return new UnitLocations(Side(only, config, "$.unit_locations.base"), Side(only, config, "$.unit_locations.base"));
        throw Fault("$.unit_locations", "the key 'sources->base' or 'base' is expected");
    }

    /// <summary>Reads one side: an entry for each intervention, <c>[batch][units]</c> or <c>[2][batch][units]</c>, or one unit for all.</summary>
    /// <exception cref="InterventionException">The JSON has another form.</exception>
    public static ImmutableArray<UnitLocation?> Side(JsonElement json, IntervenableConfig config, string path)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (json.ValueKind == JsonValueKind.Null)
            return [null];
        if (json.ValueKind == JsonValueKind.Number)
            return [UnitLocation.At(Unit(json, path))];
        if (json.ValueKind != JsonValueKind.Array)
            throw Fault(path, "a list is expected");
        if (json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number))
            return [new UnitLocation([Row(json, path)])];
        return json.GetArrayLength() == config.Representations.Length
            ? [.. json.EnumerateArray().Select((item, index) => Entry(item, config.Representations[index].Unit, $"{path}[{index}]"))]
            : throw Fault(path, $"{json.GetArrayLength()} entries for {config.Representations.Length} interventions");
    }

    private static UnitLocations Both(JsonElement json, IntervenableConfig config)
    {
        const string Path = "$.unit_locations['sources->base']";
        if (json.ValueKind == JsonValueKind.Number)
            return UnitLocations.SourcesToBase(Unit(json, Path));
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() == 2)
            return new UnitLocations(Side(json[0], config, $"{Path}[0]"), Side(json[1], config, $"{Path}[1]"));
        throw Fault(Path, "a unit, or a list of two (sources, base), is expected");
    }

    private static UnitLocation? Entry(JsonElement json, string unit, string path)
    {
        if (json.ValueKind == JsonValueKind.Null)
            return null;
        if (unit != "h.pos")
            return new UnitLocation(Rows(json, path));
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() != 2)
            throw Fault(path, "for the unit 'h.pos' a list of two (heads, positions) is expected");
        return new UnitLocation(Rows(json[1], $"{path}[1]"), Rows(json[0], $"{path}[0]"));
    }

    private static ImmutableArray<ImmutableArray<int>> Rows(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
            throw Fault(path, "a list with a row for each example is expected");
        return [.. json.EnumerateArray().Select((row, index) => Row(row, $"{path}[{index}]"))];
    }

    private static ImmutableArray<int> Row(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
            throw Fault(path, "a list of units is expected");
        return [.. json.EnumerateArray().Select(item => Unit(item, path))];
    }

    private static int Unit(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var unit) && unit >= 0
            ? unit
            : throw Fault(path, $"a unit, counted from 0, is expected, not {json}");

    private static InterventionException Fault(string path, string what) => new($"{path}: {what}.");
}
