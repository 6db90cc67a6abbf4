using System.Text.Json;
using System.Text.Json.Serialization;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>How one case of the references ended on one export.</summary>
internal sealed record CaseOutcome(
    [property: JsonPropertyName("family")] string Family,
    [property: JsonPropertyName("export")] string Export,
    [property: JsonPropertyName("case")] string Case,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("outcome")] string Outcome,
    [property: JsonPropertyName("difference")] double? Difference,
    [property: JsonPropertyName("message")] string? Message
)
{
    public const string Passed = "passed";
    public const string Refused = "refused";
    public const string NotCovered = "not covered";
    public const string Failed = "failed";

    public string ToJson() =>
        JsonSerializer.Serialize(
            this with
            {
                Difference = Difference is { } number && double.IsFinite(number) ? number : null,
            }
        );

    public override string ToString() => $"{Family}/{Export} {Case}: {Outcome} {Difference} {Message}";
}
