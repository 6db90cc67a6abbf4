using System.Collections.Immutable;
using OnnxIntervene.Json;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Reads unit locations as pyvene's callers write them: <c>{"sources->base": …}</c>, <c>{"base": …}</c>, and in a chain
/// <c>{"source_0->source_1": …, "source_1->base": …}</c>, with all its short forms.
/// </summary>
internal static class UnitLocationsReader
{
    /// <summary>Reads the locations of a run of a configuration.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">
    /// The JSON has none of pyvene's forms; the message names the place.
    /// </exception>
    public static UnitLocations Read(JsonPlace json, IntervenableConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (json.IsNothing)
            return UnitLocations.Everywhere;
        if (!json.IsObject)
            throw json.Expected("an object");
        if (config.Mode == InterventionMode.Serial)
            return Chain(json, config);
        var all = Enumerable.Range(0, config.Representations.Length).ToImmutableArray();
        if (Only(json, "sources->base") is { } both)
        {
            var (sources, bases) = Both(both, config, all);
            return new UnitLocations(sources, bases);
        }

        if (Only(json, "base") is not { } single)
            throw json.Fault("the key 'sources->base' or 'base' is expected, and no other");
        var side = Side(single, config, all);
        return new UnitLocations(side, side);
    }

    /// <summary>
    /// Reads one side: an entry for each intervention, <c>[batch][units]</c> or <c>[2][batch][units]</c>, or one short
    /// form for all.
    /// </summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The JSON has another form.</exception>
    public static ImmutableArray<UnitLocation?> Side(JsonPlace json, IntervenableConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Side(json, config, [.. Enumerable.Range(0, config.Representations.Length)]);
    }

    private static JsonPlace? Only(JsonPlace json, string key) =>
        json.Count == 1 && json[key] is { IsMissing: false } content ? content : null;

    // Stage by stage: each source is written into the next one, the last into the base.
    private static UnitLocations Chain(JsonPlace json, IntervenableConfig config)
    {
        var groups = SourceGroups.Of(config);
        var sources = new UnitLocation?[config.Representations.Length];
        var bases = new UnitLocation?[config.Representations.Length];
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var group = 0; group < groups.Count; group++)
        {
            var key = group == groups.Count - 1 ? $"source_{group}->base" : $"source_{group}->source_{group + 1}";
            var stage = json[key];
            if (stage.IsMissing)
                throw json.Fault($"the key '{key}' is expected: a serial configuration has one for each stage");
            known.Add(key);
            ImmutableArray<int> members = [.. groups.Members(group)];
            var (read, written) = Both(stage, config, members);
            for (var order = 0; order < members.Length; order++)
                (sources[members[order]], bases[members[order]]) = (read[order], written[order]);
        }

        return json.Members().FirstOrDefault(stage => !known.Contains(stage.Name)) is { } unknown
            ? throw unknown.Fault("there is no such stage")
            : new UnitLocations([.. sources], [.. bases]);
    }

    // One form for both sides, or a list of two: where sources are read, and where the base is written.
    private static (ImmutableArray<UnitLocation?> Sources, ImmutableArray<UnitLocation?> Base) Both(
        JsonPlace json,
        IntervenableConfig config,
        ImmutableArray<int> members
    )
    {
        if (json.IsList && json.Count == 2)
            return (Side(json[0], config, members), Side(json[1], config, members));
        if (json.IsList && !json.IsRow)
            throw json.Expected("a unit, a list of units, or a list of two (sources, base)");
        var side = Side(json, config, members);
        return (side, side);
    }

    private static ImmutableArray<UnitLocation?> Side(
        JsonPlace json,
        IntervenableConfig config,
        ImmutableArray<int> members
    )
    {
        if (json.IsNothing)
            return Same(null);
        if (json.IsNumber)
            return Same(UnitLocation.At(LocationEntryReader.Unit(json)));
        if (json.IsObject || json.IsText)
            return Same(LocationEntryReader.Named(json));
        if (json.IsRow)
            return Same(new UnitLocation([LocationEntryReader.Row(json)]));
        var entries = json.Items().ToList();
        return entries.Count == members.Length
            ?
            [
                .. entries.Select(
                    (item, order) => LocationEntryReader.Read(item, config.Representations[members[order]].Unit)
                ),
            ]
            : throw json.Fault($"{entries.Count} entries for {members.Length} interventions");

        ImmutableArray<UnitLocation?> Same(UnitLocation? location) => [.. Enumerable.Repeat(location, members.Length)];
    }
}
