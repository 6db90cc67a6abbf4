using System.Text.Json;

namespace OnnxIntervene.Json;

/// <summary>Numbers of JSON, which has no limit for them, as numbers of so many bits.</summary>
internal static class JsonNumber
{
    // Above it, neighbouring doubles are more than 1 apart.
    private const double LargestExact = 1L << 53;

    /// <summary>A whole number, however it is written; null for anything else.</summary>
    public static long? Whole(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Number)
            return null;
        if (json.TryGetInt64(out var whole))
            return whole;
        return Double(json) is { } number && Math.Abs(number) <= LargestExact && Math.Truncate(number) == number
            ? (long)number
            : null;
    }

    /// <summary>A finite number; null for anything else.</summary>
    public static double? Double(JsonElement json) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : null;

    /// <summary>A number that is finite in 32 bits; null for anything else.</summary>
    public static float? Single(JsonElement json) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetSingle(out var number) && float.IsFinite(number)
            ? number
            : null;
}
