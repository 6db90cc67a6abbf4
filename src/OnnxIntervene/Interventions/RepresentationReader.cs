using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Interventions;

/// <summary>Reads one representation, as an object or as pyvene's named tuple writes itself.</summary>
internal static class RepresentationReader
{
    // The order of pyvene's named tuple, in which its files write a representation without names.
    public static readonly ImmutableArray<string> Fields =
    [
        "layer",
        "component",
        "unit",
        "max_number_of_units",
        "low_rank_dimension",
        "intervention_type",
        "intervention",
        "subspace_partition",
        "group_key",
        "intervention_link_key",
        "moe_key",
        "source_representation",
        "hidden_source_representation",
        "latent_dim",
    ];

    public static RepresentationConfig Read(JsonElement item, string? type, string path)
    {
        var fields = FieldsOf(item, path);
        if (fields.ContainsKey("intervention"))
            throw ConfigField.Fault(
                $"{path}.intervention",
                "a configuration cannot hold an instance; give intervention_type"
            );
        if (fields.ContainsKey("intervention_type"))
            type = ConfigField.Text(fields, "intervention_type", path, "");
        return new RepresentationConfig
        {
            Layer = ConfigField.Number(fields, "layer", path, 0),
            Component = ConfigField.Text(fields, "component", path, "block_output"),
            Unit = ConfigField.Text(fields, "unit", path, "pos"),
            MaxNumberOfUnits = ConfigField.Number(fields, "max_number_of_units", path, 1),
            LowRankDimension = ConfigField.OptionalNumber(fields, "low_rank_dimension", path),
            InterventionType = Type(type ?? "VanillaIntervention", path),
            SubspacePartition = Partition(fields, $"{path}.subspace_partition"),
            GroupKey = ConfigField.OptionalNumber(fields, "group_key", path),
            InterventionLinkKey = ConfigField.OptionalNumber(fields, "intervention_link_key", path),
            MoeKey = ConfigField.OptionalNumber(fields, "moe_key", path),
            SourceRepresentation = fields.TryGetValue("source_representation", out var source)
                ? ConfigField.Array(source, $"{path}.source_representation")
                : null,
            LatentDimension = ConfigField.OptionalNumber(fields, "latent_dim", path),
        };
    }

    private static InterventionType Type(string name, string path)
    {
        try
        {
            return InterventionType.Parse(name);
        }
        catch (FormatException fault)
        {
            throw ConfigField.Fault($"{path}.intervention_type", fault.Message.TrimEnd('.'));
        }
    }

    private static ImmutableArray<ImmutableArray<int>> Partition(Dictionary<string, JsonElement> fields, string path)
    {
        if (!fields.TryGetValue("subspace_partition", out var list))
            return [];
        if (list.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault(path, "a list of parts is expected, each a list of numbers");
        return [.. list.EnumerateArray().Select((part, index) => ConfigField.Integers(part, $"{path}[{index}]"))];
    }

    // Fields that are null count as left out.
    private static Dictionary<string, JsonElement> FieldsOf(JsonElement item, string path)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (item.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in item.EnumerateObject())
            {
                if (!Fields.Contains(property.Name))
                    throw ConfigField.Fault(
                        $"{path}.{property.Name}",
                        $"no such field; the fields are {string.Join(", ", Fields)}"
                    );
                fields[property.Name] = property.Value;
            }
        }
        else if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() <= Fields.Length)
        {
            foreach (var (content, index) in item.EnumerateArray().Select((content, index) => (content, index)))
                fields[Fields[index]] = content;
        }
        else
        {
            throw ConfigField.Fault(path, $"an object, or a list of at most {Fields.Length} fields, is expected");
        }

        return fields.Where(field => field.Value.ValueKind != JsonValueKind.Null).ToDictionary();
    }
}
