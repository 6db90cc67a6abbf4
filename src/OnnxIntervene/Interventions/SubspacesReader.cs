using System.Collections.Immutable;
using System.Text.Json;

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
    public static Subspaces Read(JsonElement json, IntervenableConfig config)
    {
        const string Path = "$.subspaces";
        ArgumentNullException.ThrowIfNull(config);
        if (json.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            return Subspaces.Whole;
        if (json.ValueKind == JsonValueKind.Number)
            return Subspaces.Of(
                json.TryGetInt32(out var number)
                    ? number
                    : throw ConfigField.Fault(Path, $"a whole number is expected, not {json}")
            );
        if (json.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault(Path, "a number or a list is expected");
        if (json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number))
            return Subspaces.Of([.. ConfigField.Integers(json, Path)]);
        return json.GetArrayLength() == config.Representations.Length
            ? new Subspaces([.. json.EnumerateArray().Select((item, index) => Rows(item, $"{Path}[{index}]"))])
            : throw ConfigField.Fault(
                Path,
                $"{json.GetArrayLength()} entries for {config.Representations.Length} interventions"
            );
    }

    private static ImmutableArray<ImmutableArray<int>>? Rows(JsonElement json, string path)
    {
        if (json.ValueKind == JsonValueKind.Null)
            return null;
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
            throw ConfigField.Fault(path, "null, or a list with a row for each example, is expected");
        return json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number)
            ? [ConfigField.Integers(json, path)]
            : [.. json.EnumerateArray().Select((row, index) => ConfigField.Integers(row, $"{path}[{index}]"))];
    }
}
