using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions;

/// <summary>Reads pyvene's configuration (knowledge: pyvene's intervenable_base.py, IntervenableConfig and RepresentationConfig).</summary>
internal static class ConfigReader
{
    // The order of pyvene's named tuple, in which its files write a representation without names.
    private static readonly string[] s_fields =
    [
        "layer", "component", "unit", "max_number_of_units", "low_rank_dimension", "intervention_type", "intervention", "subspace_partition",
        "group_key", "intervention_link_key", "moe_key", "source_representation", "hidden_source_representation", "latent_dim",
    ];

    private static readonly string[] s_notSupported =
        ["low_rank_dimension", "intervention", "subspace_partition", "group_key", "intervention_link_key", "moe_key", "latent_dim"];

    public static IntervenableConfig Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (JsonException fault)
        {
            throw new InterventionException($"The configuration is no JSON: {fault.Message}", fault);
        }
    }

    public static IntervenableConfig Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Fault("$", "an object is expected");
        if (root.TryGetProperty("mode", out var mode) && mode.ValueKind == JsonValueKind.String && mode.GetString() == "serial")
            throw new NotSupportedException("$.mode: serial interventions are not supported; use 'parallel'.");
        if (!root.TryGetProperty("representations", out var list) || list.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object))
            throw Fault("$.representations", "a list of representations is expected");
        var items = list.ValueKind == JsonValueKind.Object ? [list] : list.EnumerateArray().ToArray();
        if (items.Length == 0)
            throw Fault("$.representations", "there is no representation");
        var types = Types(root, items.Length);
        return new IntervenableConfig
        {
            Representations = [.. items.Select((item, index) => Representation(item, types?[index], $"$.representations[{index}]"))],
        };
    }

    private static string[]? Types(JsonElement root, int count)
    {
        if (!root.TryGetProperty("intervention_types", out var types) || types.ValueKind == JsonValueKind.Null)
            return null;
        if (types.ValueKind == JsonValueKind.String)
            return [.. Enumerable.Repeat(types.GetString()!, count)];
        if (types.ValueKind != JsonValueKind.Array || types.EnumerateArray().Any(type => type.ValueKind != JsonValueKind.String))
            throw Fault("$.intervention_types", "a name or a list of names is expected");
        return types.GetArrayLength() == count
            ? [.. types.EnumerateArray().Select(type => type.GetString()!)]
            : throw Fault("$.intervention_types", $"{types.GetArrayLength()} names for {count} representations");
    }

    private static RepresentationConfig Representation(JsonElement item, string? type, string path)
    {
        var fields = Fields(item, path);
        foreach (var name in s_notSupported)
        {
            if (fields.ContainsKey(name))
                throw new NotSupportedException($"{path}.{name} is not supported.");
        }

        if (fields.ContainsKey("intervention_type"))
            type = Text(fields, "intervention_type", path, "");
        return new RepresentationConfig
        {
            Layer = Number(fields, "layer", path, 0),
            Component = Text(fields, "component", path, "block_output"),
            Unit = Text(fields, "unit", path, "pos"),
            MaxNumberOfUnits = Number(fields, "max_number_of_units", path, 1),
            InterventionType = Type(type ?? "VanillaIntervention", path),
        };
    }

    private static InterventionType Type(string name, string path)
    {
        try
        {
            return InterventionTypes.Parse(name);
        }
        catch (FormatException fault)
        {
            throw Fault($"{path}.intervention_type", fault.Message.TrimEnd('.'));
        }
    }

    // Fields that are null count as left out.
    private static Dictionary<string, JsonElement> Fields(JsonElement item, string path)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (item.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in item.EnumerateObject())
            {
                if (!s_fields.Contains(property.Name))
                    throw Fault($"{path}.{property.Name}", $"no such field; the fields are {string.Join(", ", s_fields)}");
                fields[property.Name] = property.Value;
            }
        }
        else if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() <= s_fields.Length)
        {
            foreach (var (content, index) in item.EnumerateArray().Select((content, index) => (content, index)))
                fields[s_fields[index]] = content;
        }
        else
        {
            throw Fault(path, $"an object, or a list of at most {s_fields.Length} fields, is expected");
        }

        return fields.Where(field => field.Value.ValueKind != JsonValueKind.Null).ToDictionary();
    }

    private static int Number(Dictionary<string, JsonElement> fields, string name, string path, int otherwise)
    {
        if (!fields.TryGetValue(name, out var content))
            return otherwise;
        return content.ValueKind == JsonValueKind.Number && content.TryGetInt32(out var number) && number >= 0
            ? number
            : throw Fault($"{path}.{name}", $"a whole number is expected, not {content}");
    }

    private static string Text(Dictionary<string, JsonElement> fields, string name, string path, string otherwise)
    {
        if (!fields.TryGetValue(name, out var content))
            return otherwise;
        return content.ValueKind == JsonValueKind.String
            ? content.GetString()!
            : throw Fault($"{path}.{name}", $"a text is expected, not {content}");
    }

    private static InterventionException Fault(string path, string what) => new($"Configuration, {path}: {what}.");
}
