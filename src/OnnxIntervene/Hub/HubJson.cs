using OnnxIntervene.Json;

namespace OnnxIntervene.Hub;

/// <summary>Reads JSON from servers: a value of the wrong kind counts as missing.</summary>
internal static class HubJson
{
    /// <summary>A property's text; null when it has none.</summary>
    public static string? Text(JsonPlace place, string name) =>
        place[name] is { IsText: true } found ? found.Text() : null;

    /// <summary>A property that is an object; null when there is none.</summary>
    public static JsonPlace? Object(JsonPlace place, string name) =>
        place[name] is { IsObject: true } found ? found : null;

    /// <summary>The objects of a list; none when it is not a list.</summary>
    public static IEnumerable<JsonPlace> List(JsonPlace place, string name) =>
        place[name] is { IsList: true } found ? found.Items().Where(item => item.IsObject) : [];

    /// <summary>An object's texts by name.</summary>
    public static Dictionary<string, string> Texts(JsonPlace? place) =>
        place is null
            ? []
            : place
                .Members()
                .Where(member => member.IsText)
                .ToDictionary(member => member.Name, member => member.Text(), StringComparer.Ordinal);
}
