using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxIntervene.Templates.Evaluation;

namespace OnnxIntervene.Templates;

/// <summary>JSON and messages as values of templates.</summary>
internal static class JsonValues
{
    /// <summary>Messages as a list of dictionaries.</summary>
    public static TemplateList Of(IReadOnlyList<TemplateMessage> messages) => new([.. messages.Select(Of)]);

    /// <summary>A JSON value.</summary>
    public static object? Of(JsonNode? node) =>
        node switch
        {
            null => null,
            JsonArray list => new TemplateList([.. list.Select(Of)]),
            JsonObject map => Map(map, new TemplateMap()),
            _ => node.GetValueKind() switch
            {
                JsonValueKind.String => node.GetValue<string>(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.Number => Number(node.AsValue()),
                _ => null,
            },
        };

    private static object? Of(TemplateMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var map = new TemplateMap();
        map.Set("role", message.Role);
        map.Set("content", message.Content);
        return Map(message.Fields ?? [], map);
    }

    private static TemplateMap Map(JsonObject members, TemplateMap map)
    {
        foreach (var (name, value) in members)
            map.Set(name, Of(value));
        return map;
    }

    private static object Number(JsonValue number)
    {
        var written = number.ToJsonString();
        return !written.AsSpan().ContainsAny('.', 'e', 'E') && long.TryParse(written, out var whole)
            ? (object)whole
            : double.Parse(written, System.Globalization.CultureInfo.InvariantCulture);
    }
}
