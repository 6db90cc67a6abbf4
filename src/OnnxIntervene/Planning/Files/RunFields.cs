using System.Text.Json.Nodes;
using OnnxIntervene.Interventions;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// What a run is given besides its inputs, as the fields of a saved folder's configuration that <see cref="RunFile"/>
/// reads.
/// </summary>
internal static class RunFields
{
    /// <summary>The fields; those that say nothing are left out.</summary>
    public static IReadOnlyDictionary<string, JsonNode> Of(
        IntervenableConfig config,
        UnitLocations? locations,
        RunSettings settings
    )
    {
        var fields = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        Add("unit_locations", UnitLocationsWriter.Write(locations ?? UnitLocations.Everywhere, config));
        Add("subspaces", UnitLocationsWriter.Write(settings.Subspaces, config));
        Add("coefficients", Coefficients(settings));
        return fields;

        void Add(string name, JsonNode? node)
        {
            if (node is not null)
                fields[name] = node;
        }
    }

    /// <summary>The configuration with the constant sources that the run was given in place of its own.</summary>
    public static IntervenableConfig WithSources(IntervenableConfig config, RunSettings settings) =>
        settings.SourceRepresentations.IsEmpty
            ? config
            : config with
            {
                Representations =
                [
                    .. config.Representations.Zip(
                        settings.SourceRepresentations,
                        (item, source) => source is null ? item : item with { SourceRepresentation = source }
                    ),
                ],
            };

    private static JsonArray? Coefficients(RunSettings settings) =>
        settings.Coefficients.All(coefficient => coefficient.IsOne)
            ? null
            : new JsonArray([.. settings.Coefficients.Select(Node)]);

    private static JsonNode Node(Coefficient coefficient) =>
        coefficient.Count == 1
            ? JsonValue.Create(coefficient.At(0))
            : new JsonArray([
                .. Enumerable.Range(0, coefficient.Count).Select(row => JsonValue.Create(coefficient.At(row))),
            ]);
}
