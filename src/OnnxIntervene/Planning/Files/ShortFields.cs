using System.Collections.Immutable;
using OnnxIntervene.Json;

namespace OnnxIntervene.Planning.Files;

/// <summary>Reads the fields of the short form's entries. A field that is left out is null or empty.</summary>
internal static class ShortFields
{
    /// <summary>A list that has an item at least.</summary>
    public static JsonPlace Filled(JsonPlace place, string what) =>
        place.IsList && place.Count > 0 ? place : throw place.Expected($"{what} with one item at least");

    /// <summary>Throws unless these fields are texts, where they are there.</summary>
    public static void CheckTexts(JsonPlace around, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (around[name] is { IsMissing: false } field)
                field.Text();
        }
    }

    /// <summary>A text that is not empty.</summary>
    public static string Name(JsonPlace place) =>
        place.Text("a name") is { Length: > 0 } name ? name : throw place.Fault("a name is expected, not an empty one");

    /// <summary>A whole number; null where it is left out.</summary>
    public static int? Number(JsonPlace place, int least) => place.IsMissing ? null : place.Integer(least);

    /// <summary>A number, or a list of them.</summary>
    public static ImmutableArray<int>? Numbers(JsonPlace place) => place.IsMissing ? null : Row(place);

    /// <summary>A number, a row for every example, or a row for each.</summary>
    public static ImmutableArray<ImmutableArray<int>>? Rows(JsonPlace place)
    {
        if (place.IsMissing)
            return null;
        return place.IsList && !place.IsRow
            ? [.. place.Items().Select(row => Filled(row, "a list of whole numbers")).Select(Row)]
            : [Row(place)];
    }

    /// <summary>Parts of a space.</summary>
    public static ImmutableArray<ImmutableArray<int>> Partition(JsonPlace place) =>
        place.IsMissing
            ? []
            : [.. Filled(place, "a list of parts").Items().Select(part => part.Integers(0).ToImmutableArray())];

    /// <summary>A number, or one for each example.</summary>
    public static Coefficient Coefficient(JsonPlace place)
    {
        if (place.IsMissing)
            return Planning.Coefficient.One;
        return place.IsNumber
            ? Planning.Coefficient.Of(place.Single())
            : Planning.Coefficient.PerExample(JsonArrays.Floats(Filled(place, "a number, or a list of numbers")));
    }

    private static ImmutableArray<int> Row(JsonPlace place) =>
        place.IsNumber ? [place.Integer(0)] : [.. Filled(place, "a whole number, or a list of them").Integers(0)];
}
