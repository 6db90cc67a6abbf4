using System.Text.Json;

namespace OnnxIntervene.Hub;

/// <summary>Reads JSON from servers: a value of the wrong kind counts as missing.</summary>
internal static class HubJson
{
    /// <summary>A property's string; null when it has none.</summary>
    public static string? Text(JsonElement element, string name) =>
        Property(element, name, JsonValueKind.String) is { } value ? Text(value) : null;

    /// <summary>A property that is an object; null when there is none.</summary>
    public static JsonElement? Object(JsonElement element, string name) =>
        Property(element, name, JsonValueKind.Object);

    /// <summary>Whether a property is true.</summary>
    public static bool IsTrue(JsonElement element, string name) =>
        Property(element, name, JsonValueKind.True) is not null;

    /// <summary>The objects of a list; none when it is not a list.</summary>
    public static IEnumerable<JsonElement> List(JsonElement element, string name) =>
        Property(element, name, JsonValueKind.Array) is { } list
            ? list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object)
            : [];

    /// <summary>An object's strings by name; the last one where a name comes twice.</summary>
    public static Dictionary<string, string> Texts(JsonElement? element)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (element is { } found)
        {
            foreach (var property in found.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.String && Text(property.Value) is { } text)
                    texts[property.Name] = text;
            }
        }

        return texts;
    }

    private static JsonElement? Property(JsonElement element, string name, JsonValueKind kind) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == kind
            ? value
            : null;

    private static string? Text(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is valid in a JSON string, but is not text.
            return null;
        }
    }
}
