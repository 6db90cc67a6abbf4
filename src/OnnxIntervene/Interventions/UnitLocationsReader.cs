using System.Collections.Immutable;
using System.Text.Json;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Reads unit locations as pyvene's callers write them: <c>{"sources->base": …}</c>, <c>{"base": …}</c>, and in a chain
/// <c>{"source_0->source_1": …, "source_1->base": …}</c>, with all its short forms.
/// </summary>
internal static class UnitLocationsReader
{
    private const string Root = "$.unit_locations";

    /// <summary>Reads the locations of a run of a configuration.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">
    /// The JSON has none of pyvene's forms; the message names the place.
    /// </exception>
    public static UnitLocations Read(JsonElement json, IntervenableConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (json.ValueKind == JsonValueKind.Null)
            return UnitLocations.Everywhere;
        if (json.ValueKind != JsonValueKind.Object)
            throw ConfigField.Fault(Root, "an object is expected");
        if (config.Mode == InterventionMode.Serial)
            return Chain(json, config);
        var all = Enumerable.Range(0, config.Representations.Length).ToImmutableArray();
        if (Only(json, "sources->base") is { } both)
        {
            var (sources, bases) = Both(both, config, all, $"{Root}['sources->base']");
            return new UnitLocations(sources, bases);
        }

        if (Only(json, "base") is not { } single)
            throw ConfigField.Fault(Root, "the key 'sources->base' or 'base' is expected, and no other");
        var side = Side(single, config, all, $"{Root}.base");
        return new UnitLocations(side, side);
    }

    /// <summary>
    /// Reads one side: an entry for each intervention, <c>[batch][units]</c> or <c>[2][batch][units]</c>, or one short
    /// form for all.
    /// </summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The JSON has another form.</exception>
    public static ImmutableArray<UnitLocation?> Side(JsonElement json, IntervenableConfig config, string path)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Side(json, config, [.. Enumerable.Range(0, config.Representations.Length)], path);
    }

    private static JsonElement? Only(JsonElement json, string key) =>
        json.EnumerateObject().Count() == 1 && json.TryGetProperty(key, out var content) ? content : null;

    // Stage by stage: each source is written into the next one, the last into the base.
    private static UnitLocations Chain(JsonElement json, IntervenableConfig config)
    {
        var groups = SourceGroups.Of(config);
        var sources = new UnitLocation?[config.Representations.Length];
        var bases = new UnitLocation?[config.Representations.Length];
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var group = 0; group < groups.Count; group++)
        {
            var key = group == groups.Count - 1 ? $"source_{group}->base" : $"source_{group}->source_{group + 1}";
            if (!json.TryGetProperty(key, out var stage))
                throw ConfigField.Fault(
                    Root,
                    $"the key '{key}' is expected: a serial configuration has one for each stage"
                );
            known.Add(key);
            ImmutableArray<int> members = [.. groups.Members(group)];
            var (read, written) = Both(stage, config, members, $"{Root}['{key}']");
            for (var order = 0; order < members.Length; order++)
                (sources[members[order]], bases[members[order]]) = (read[order], written[order]);
        }

        var unknown = json.EnumerateObject()
            .Select(property => property.Name)
            .FirstOrDefault(name => !known.Contains(name));
        return unknown is null
            ? new UnitLocations([.. sources], [.. bases])
            : throw ConfigField.Fault($"{Root}['{unknown}']", "the configuration has no such stage");
    }

    // One form for both sides, or a list of two: where sources are read, and where the base is written.
    private static (ImmutableArray<UnitLocation?> Sources, ImmutableArray<UnitLocation?> Base) Both(
        JsonElement json,
        IntervenableConfig config,
        ImmutableArray<int> members,
        string path
    )
    {
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() == 2)
            return (Side(json[0], config, members, $"{path}[0]"), Side(json[1], config, members, $"{path}[1]"));
        if (json.ValueKind == JsonValueKind.Array && !IsRow(json))
            throw ConfigField.Fault(path, "a unit, a list of units, or a list of two (sources, base) is expected");
        var side = Side(json, config, members, path);
        return (side, side);
    }

    private static ImmutableArray<UnitLocation?> Side(
        JsonElement json,
        IntervenableConfig config,
        ImmutableArray<int> members,
        string path
    )
    {
        if (json.ValueKind == JsonValueKind.Null)
            return Same(null);
        if (json.ValueKind == JsonValueKind.Number)
            return Same(UnitLocation.At(LocationEntryReader.Unit(json, path)));
        if (json.ValueKind is JsonValueKind.Object or JsonValueKind.String)
            return Same(LocationEntryReader.Named(json, path));
        if (json.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault(path, "a list is expected");
        if (IsRow(json))
            return Same(new UnitLocation([LocationEntryReader.Row(json, path)]));
        return json.GetArrayLength() == members.Length
            ?
            [
                .. json.EnumerateArray()
                    .Select(
                        (item, order) =>
                            LocationEntryReader.Read(
                                item,
                                config.Representations[members[order]].Unit,
                                $"{path}[{order}]"
                            )
                    ),
            ]
            : throw ConfigField.Fault(path, $"{json.GetArrayLength()} entries for {members.Length} interventions");

        ImmutableArray<UnitLocation?> Same(UnitLocation? location) => [.. Enumerable.Repeat(location, members.Length)];
    }

    private static bool IsRow(JsonElement json) =>
        json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number);
}
