using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Writes unit locations and subspaces in the longest of pyvene's forms, an entry for each intervention.
/// </summary>
internal static class UnitLocationsWriter
{
    /// <summary>The locations, stage by stage in a chain; null where everything is everywhere.</summary>
    public static JsonNode? Write(UnitLocations locations, IntervenableConfig config)
    {
        var count = config.Representations.Length;
        var indices = Enumerable.Range(0, count).ToList();
        if (indices.TrueForAll(index => locations.SourceOf(index) is null && locations.BaseOf(index) is null))
            return null;
        if (config.Mode != InterventionMode.Serial)
            return new JsonObject { ["sources->base"] = Sides(locations, indices) };
        var groups = SourceGroups.Of(config);
        var chain = new JsonObject();
        for (var group = 0; group < groups.Count; group++)
        {
            var target = group == groups.Count - 1 ? "base" : $"source_{group + 1}";
            chain[$"source_{group}->{target}"] = Sides(locations, [.. groups.Members(group)]);
        }

        return chain;
    }

    /// <summary>The subspaces; null where every intervention changes all of its space.</summary>
    public static JsonNode? Write(Subspaces subspaces, IntervenableConfig config)
    {
        var rows = Enumerable.Range(0, config.Representations.Length).Select(subspaces.RowsOf).ToList();
        return rows.TrueForAll(row => row is null)
            ? null
            : new JsonArray([.. rows.Select(row => row is { } numbers ? Rows(numbers) : null)]);
    }

    private static JsonArray Sides(UnitLocations locations, IReadOnlyList<int> indices) =>
        [
            new JsonArray([.. indices.Select(index => Entry(locations.SourceOf(index)))]),
            new JsonArray([.. indices.Select(index => Entry(locations.BaseOf(index)))]),
        ];

    private static JsonNode? Entry(UnitLocation? location)
    {
        if (location is null)
            return null;
        var units = location.Anchor is { } anchor ? Named(anchor) : Rows(location.Units);
        return location.Heads.IsDefault ? units : new JsonArray(Rows(location.Heads), units);
    }

    private static JsonNode Named(TextAnchor anchor) =>
        anchor.Text.Length == 0
            ? JsonValue.Create("unpadded")
            : new JsonObject
            {
                [
                    anchor.Part switch
                    {
                        TextAnchorPart.Last => "last_token_of",
                        TextAnchorPart.First => "first_token_of",
                        _ => "tokens_of",
                    }
                ] = anchor.Text,
            };

    private static JsonArray Rows(ImmutableArray<ImmutableArray<int>> rows) =>
        new([.. rows.Select(row => new JsonArray([.. row.Select(number => JsonValue.Create(number))]))]);
}
