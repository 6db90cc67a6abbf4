using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Writes a configuration as pyvene's <c>config.json</c>: representations as its named tuple, fourteen fields each.
/// </summary>
internal static class ConfigWriter
{
    private const string Module = "pyvene.models.interventions.";
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>The text.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="widths">
    /// Elements of a unit of each component, for pyvene's <c>intervention_dimensions</c>; 0 where not known.
    /// </param>
    /// <param name="fields">
    /// What else a run is given. pyvene keeps fields that it does not know as they are, and does not use them.
    /// </param>
    public static string Write(
        IntervenableConfig config,
        ImmutableArray<int> widths,
        IReadOnlyDictionary<string, JsonNode>? fields = null
    )
    {
        var items = config.Representations;
        var root = new JsonObject
        {
            ["intervention_constant_sources"] = new JsonArray([
                .. items.Select(item => JsonValue.Create(HasConstantSource(item))),
            ]),
            ["intervention_dimensions"] = new JsonArray([
                .. items.Select((item, index) => Dimensions(item, widths[index])),
            ]),
            ["intervention_types"] = new JsonArray([
                .. items.Select(item => JsonValue.Create(TypeName(item.InterventionType))),
            ]),
            ["mode"] = config.Mode == InterventionMode.Serial ? "serial" : "parallel",
            ["representations"] = new JsonArray([.. items.Select(Tuple)]),
            ["sorted_keys"] = new JsonArray([.. InterventionKeys.Of(config).Select(key => JsonValue.Create(key))]),
        };
        foreach (var (name, node) in fields ?? new Dictionary<string, JsonNode>())
            root[name] = node;
        return root.ToJsonString(s_indented) + "\n";
    }

    private static bool HasConstantSource(RepresentationConfig item) =>
        item.SourceRepresentation is not null
        || !item.InterventionType.NeedsSource
        || item.InterventionType.IsSourceConstant;

    private static JsonNode? Dimensions(RepresentationConfig item, int width)
    {
        if (item.InterchangeDimensions is { } list)
            return Integers(list);
        return (item.InterchangeCount ?? (width * item.MaxNumberOfUnits)) is > 0 and var count
            ? JsonValue.Create(count)
            : null;
    }

    // pyvene imports the class by this path; a kind that it lacks has its plain name.
    private static string TypeName(InterventionType type) =>
        type.IsPyvenes ? $"<class '{Module}{type.ClassName}'>" : type.ClassName;

    // In the order of RepresentationReader.Fields; types and tensors are elsewhere.
    private static JsonArray Tuple(RepresentationConfig item) =>
        [
            item.Layer,
            item.Component,
            item.Unit,
            item.MaxNumberOfUnits,
            item.LowRankDimension,
            null,
            null,
            item.SubspacePartition.Length > 0
                ? new JsonArray([.. item.SubspacePartition.Select(part => (JsonNode)Integers(part))])
                : null,
            item.GroupKey,
            item.InterventionLinkKey,
            item.MoeKey,
            null,
            item.SourceRepresentation is null ? null : true,
            item.LatentDimension,
        ];

    private static JsonArray Integers(ImmutableArray<int> numbers) =>
        new([.. numbers.Select(number => JsonValue.Create(number))]);
}
