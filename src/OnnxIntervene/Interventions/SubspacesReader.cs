using System.Collections.Immutable;
using OnnxIntervene.Json;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Reads subspaces in pyvene's forms: a number, a list of numbers, or <c>[interventions][batch][numbers]</c> with null
/// for none.
/// </summary>
internal static class SubspacesReader
{
    /// <summary>Reads the subspaces of a run of a configuration.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">
    /// The JSON has none of pyvene's forms; the message names the place.
    /// </exception>
    public static Subspaces Read(JsonPlace json, IntervenableConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (json.IsNothing)
            return Subspaces.Whole;
        if (json.IsNumber)
            return Subspaces.Of(json.Integer());
        if (!json.IsList)
            throw json.Expected("a number or a list");
        if (json.IsRow)
            return Subspaces.Of(json.Integers());
        return json.Count == config.Representations.Length
            ? new Subspaces([.. json.Items().Select(Rows)])
            : throw json.Fault($"{json.Count} entries for {config.Representations.Length} interventions");
    }

    private static ImmutableArray<ImmutableArray<int>>? Rows(JsonPlace json)
    {
        if (json.IsNothing)
            return null;
        if (!json.IsList || json.Count == 0)
            throw json.Expected("null, or a list with a row for each example,");
        return json.IsRow
            ?
            [
                [.. json.Integers()],
            ]
            : [.. json.Items().Select(row => row.Integers().ToImmutableArray())];
    }
}
