using System.Collections.Immutable;
using OnnxIntervene.Json;

namespace OnnxIntervene.Interventions;

/// <summary>Reads the units of one intervention: numbers, rows of numbers, or positions named by a text.</summary>
internal static class LocationEntryReader
{
    private const string Names = "last_token_of, first_token_of or tokens_of";

    // Counted from the end, a unit is negated.
    private const int FarthestFromEnd = -int.MaxValue;

    /// <summary>
    /// One entry: null for everything, <c>[batch][units]</c>, <c>[2][batch][units]</c> where the unit has two parts, or
    /// a name.
    /// </summary>
    public static UnitLocation? Read(JsonPlace json, string unit)
    {
        if (json.IsNothing)
            return null;
        if (json.IsObject || json.IsText)
            return Named(json);
        if (!unit.Contains('.', StringComparison.Ordinal))
            return new UnitLocation(Rows(json));
        if (!json.IsList || json.Count != 2)
            throw json.Expected($"for the unit '{unit}' a list of two (heads, positions)");
        var positions = json[1].IsObject || json[1].IsText ? Named(json[1]) : new UnitLocation(Rows(json[1]));
        return positions with { Heads = Rows(json[0]) };
    }

    /// <summary>
    /// Positions by name: <c>"unpadded"</c>, or an object whose key says which token of the text.
    /// </summary>
    public static UnitLocation Named(JsonPlace json)
    {
        if (json.IsText)
            return json.Text() == "unpadded"
                ? UnitLocation.Unpadded
                : throw json.Fault(
                    $"{json.Shown} names no positions; write \"unpadded\", or {{\"last_token_of\": TEXT}}"
                );
        if (json.Count != 1)
            throw json.Fault($"one key with a text is expected: {Names}");
        var anchor = json.Members().First();
        if (anchor.Text("a text of the prompt") is not { Length: > 0 } text)
            throw anchor.Fault("a text of the prompt is expected, not an empty one");
        return anchor.Name switch
        {
            "last_token_of" => UnitLocation.LastTokenOf(text),
            "first_token_of" => UnitLocation.FirstTokenOf(text),
            "tokens_of" => UnitLocation.TokensOf(text),
            _ => throw anchor.Fault($"no such name of positions; the names are {Names}"),
        };
    }

    /// <summary>The units of an example, or of every example.</summary>
    public static ImmutableArray<int> Row(JsonPlace json) =>
        [.. json.Integers(FarthestFromEnd, what: "a list of units")];

    /// <summary>One unit.</summary>
    public static int Unit(JsonPlace json) => json.Integer(FarthestFromEnd, what: "a unit");

    private static ImmutableArray<ImmutableArray<int>> Rows(JsonPlace json)
    {
        if (!json.IsList || json.Count == 0)
            throw json.Expected("a list with a row for each example");
        return json.IsRow ? [Row(json)] : [.. json.Items().Select(Row)];
    }
}
