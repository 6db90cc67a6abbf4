using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Planning.Files;

/// <summary>The JSON Schema of the short form (schemas/interventions.schema.json).</summary>
internal static class RunSchema
{
    private static readonly Lazy<JsonSchema> s_schema = new(Read);
    private static readonly EvaluationOptions s_options = new() { OutputFormat = OutputFormat.List };

    /// <summary>
    /// Throws unless the file has the short form; the message names the first place that does not fit.
    /// </summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The file breaks the schema.</exception>
    public static void Validate(JsonElement root)
    {
        var results = s_schema.Value.Evaluate(root, s_options);
        if (results.IsValid)
            return;
        // The deepest place says the most: above it every form of a field has failed.
        var fault = results
            .Details.Where(detail => detail.HasErrors)
            .OrderByDescending(detail => detail.InstanceLocation.Count)
            .ThenBy(detail => detail.EvaluationPath.Count)
            .First();
        var (keyword, message) = fault.Errors!.First();
        throw ConfigField.Fault(Path(fault.InstanceLocation.ToString()), Explain(keyword, message));
    }

    private static string Path(string pointer) =>
        "$"
        + string.Concat(
            pointer.Split('/').Skip(1).Select(part => int.TryParse(part, out _) ? $"[{part}]" : $".{Unescaped(part)}")
        );

    // RFC 6901, section 4: the order of the two matters.
    private static string Unescaped(string part) =>
        part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    // The library's own messages are about schemas, where the user wrote a field.
    private static string Explain(string keyword, string message) =>
        keyword switch
        {
            "" or "additionalProperties" => "there is no such field here",
            "oneOf" => "the value has none of the forms that this field takes (schemas/interventions.schema.json)",
            _ => message.TrimEnd('.'),
        };

    /// <summary>The names of the kinds that a file can hold: short names, and pyvene's class names.</summary>
    public static IEnumerable<string> Kinds()
    {
        var kinds = InterventionType.All.Where(type => type.Create is not null).ToList();
        return kinds.Select(type => type.Name).Concat(kinds.Select(type => type.ClassName));
    }

    private static JsonSchema Read()
    {
        using var stream = typeof(RunSchema).Assembly.GetManifestResourceStream("interventions.schema.json")!;
        using var reader = new StreamReader(stream);
        var schema = JsonNode.Parse(reader.ReadToEnd())!;
        // The file lists them for editors; the kinds themselves are what counts.
        schema["$defs"]!["intervention"]!["properties"]!["kind"]!["enum"] = new JsonArray([
            .. Kinds().Select(name => JsonValue.Create(name)),
        ]);
        return JsonSchema.FromText(schema.ToJsonString());
    }
}
