using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Reads pyvene's configuration (its intervenable_base.py, IntervenableConfig and RepresentationConfig).
/// </summary>
internal static class ConfigReader
{
    // What pyvene and the Hugging Face base class of its configuration write, and what a run's file adds.
    private static readonly string[] s_known =
    [
        "representations",
        "intervention_types",
        "mode",
        "sorted_keys",
        "intervention_dimensions",
        "intervention_constant_sources",
        "model_type",
        "transformers_version",
        "architectures",
        "dtype",
        "torch_dtype",
        "_name_or_path",
        "return_dict",
        "$schema",
        "description",
        "unit_locations",
        "coefficients",
        "source_representations",
        "subspaces",
        "parameters",
    ];

    public static IntervenableConfig Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        using var document = Parse(json);
        return Read(document.RootElement);
    }

    public static JsonDocument Parse(string json) =>
        StrictJson.Parse(json, (what, cause) => new InterventionException($"The configuration {what}", cause));

    public static IntervenableConfig Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw ConfigField.Fault("$", "an object is expected");
        foreach (var property in root.EnumerateObject())
        {
            if (!s_known.Contains(property.Name))
                throw ConfigField.Fault(
                    $"$.{property.Name}",
                    $"no such field; the fields are {string.Join(", ", s_known)}"
                );
        }

        if (
            !root.TryGetProperty("representations", out var list)
            || list.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)
        )
            throw ConfigField.Fault("$.representations", "a list of representations is expected");
        var items = list.ValueKind == JsonValueKind.Object ? [list] : list.EnumerateArray().ToArray();
        if (items.Length == 0)
            throw ConfigField.Fault("$.representations", "there is no representation");
        var (types, dimensions) = (Types(root, items.Length), Dimensions(root, items.Length));
        return new IntervenableConfig
        {
            Mode = Mode(root),
            Representations =
            [
                .. items.Select(
                    (item, index) =>
                        RepresentationReader.Read(item, types?[index], $"$.representations[{index}]") with
                        {
                            InterchangeDimensions = dimensions?[index].List,
                            InterchangeCount = dimensions?[index].Count,
                        }
                ),
            ],
        };
    }

    private static InterventionMode Mode(JsonElement root)
    {
        if (!root.TryGetProperty("mode", out var mode) || mode.ValueKind == JsonValueKind.Null)
            return InterventionMode.Parallel;
        return (mode.ValueKind == JsonValueKind.String ? mode.GetString() : null) switch
        {
            "parallel" => InterventionMode.Parallel,
            "serial" => InterventionMode.Serial,
            _ => throw ConfigField.Fault("$.mode", $"\"parallel\" or \"serial\" is expected, not {mode.GetRawText()}"),
        };
    }

    private static string[]? Types(JsonElement root, int count)
    {
        if (!root.TryGetProperty("intervention_types", out var types) || types.ValueKind == JsonValueKind.Null)
            return null;
        if (types.ValueKind == JsonValueKind.String)
            return [.. Enumerable.Repeat(types.GetString()!, count)];
        if (
            types.ValueKind != JsonValueKind.Array
            || types.EnumerateArray().Any(type => type.ValueKind != JsonValueKind.String)
        )
            throw ConfigField.Fault("$.intervention_types", "a name or a list of names is expected");
        return types.GetArrayLength() == count
            ? [.. types.EnumerateArray().Select(type => type.GetString()!)]
            : throw ConfigField.Fault(
                "$.intervention_types",
                $"{types.GetArrayLength()} names for {count} representations"
            );
    }

    // pyvene's interchange_dim: how many dimensions from the first, or which; null for all.
    private static (int? Count, ImmutableArray<int>? List)[]? Dimensions(JsonElement root, int count)
    {
        const string Path = "$.intervention_dimensions";
        if (!root.TryGetProperty("intervention_dimensions", out var list) || list.ValueKind == JsonValueKind.Null)
            return null;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != count)
            throw ConfigField.Fault(Path, $"a list with an entry for each of the {count} representations is expected");
        return [.. list.EnumerateArray().Select((item, index) => Dimension(item, $"{Path}[{index}]"))];
    }

    private static (int? Count, ImmutableArray<int>? List) Dimension(JsonElement item, string path) =>
        item.ValueKind switch
        {
            JsonValueKind.Null => (null, null),
            JsonValueKind.Number when item.TryGetInt32(out var number) && number > 0 => (number, null),
            JsonValueKind.Array => (null, ConfigField.Integers(item, path)),
            _ => throw ConfigField.Fault(path, "null, a number or a list of numbers is expected"),
        };
}
