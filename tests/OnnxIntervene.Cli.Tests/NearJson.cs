using System.Text.Json;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Texts of JSON that differ by the rounding of their numbers alone.</summary>
internal static class NearJson
{
    // Rows that run together in other batches are summed in another order.
    private const double Tolerance = 1e-4;

    /// <summary>Throws where the texts differ by more.</summary>
    public static void Require(string actual, string expected) =>
        Require(JsonDocument.Parse(actual).RootElement, JsonDocument.Parse(expected).RootElement, "$");

    private static void Require(JsonElement actual, JsonElement expected, string path)
    {
        Assert.That(actual.ValueKind, Is.EqualTo(expected.ValueKind), path);
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.That(
                    actual.EnumerateObject().Select(entry => entry.Name),
                    Is.EqualTo(expected.EnumerateObject().Select(entry => entry.Name)),
                    path
                );
                foreach (var entry in expected.EnumerateObject())
                    Require(actual.GetProperty(entry.Name), entry.Value, $"{path}.{entry.Name}");
                break;
            case JsonValueKind.Array:
                Assert.That(actual.GetArrayLength(), Is.EqualTo(expected.GetArrayLength()), path);
                for (var index = 0; index < expected.GetArrayLength(); index++)
                    Require(actual[index], expected[index], $"{path}[{index}]");
                break;
            case JsonValueKind.Number:
                Assert.That(actual.GetDouble(), Is.EqualTo(expected.GetDouble()).Within(Tolerance), path);
                break;
            default:
                Assert.That(actual.ToString(), Is.EqualTo(expected.ToString()), path);
                break;
        }
    }
}
