using System.Text.Json;
using OnnxIntervene.Json;

namespace OnnxIntervene.Tests.Json;

/// <summary>JSON of tests as the readers take it.</summary>
internal static class Places
{
    public static JsonPlace Of(string json) => JsonText.Parse(json, JsonSource.Request("The test's JSON"));

    public static JsonPlace Of(JsonElement json) => new(JsonSource.Request("The test's JSON"), json);
}
