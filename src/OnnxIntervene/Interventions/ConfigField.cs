using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions;

/// <summary>Reads fields of a configuration; faults name the field's place in the file.</summary>
internal static class ConfigField
{
    public static InterventionException Fault(string path, string what) => new($"Configuration, {path}: {what}.");

    public static int Number(Dictionary<string, JsonElement> fields, string name, string path, int otherwise) =>
        OptionalNumber(fields, name, path) ?? otherwise;

    public static int? OptionalNumber(Dictionary<string, JsonElement> fields, string name, string path)
    {
        if (!fields.TryGetValue(name, out var content))
            return null;
        return content.ValueKind == JsonValueKind.Number && content.TryGetInt32(out var number) && number >= 0
            ? number
            : throw Fault($"{path}.{name}", $"a whole number is expected, not {content}");
    }

    public static string Text(Dictionary<string, JsonElement> fields, string name, string path, string otherwise)
    {
        if (!fields.TryGetValue(name, out var content))
            return otherwise;
        return content.ValueKind == JsonValueKind.String
            ? content.GetString()!
            : throw Fault($"{path}.{name}", $"a string is expected, not {content}");
    }

    /// <summary>A list of whole numbers.</summary>
    public static ImmutableArray<int> Integers(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
            throw Fault(path, $"a list of whole numbers is expected, not {json}");
        return
        [
            .. json.EnumerateArray()
                .Select(item =>
                    item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number)
                        ? number
                        : throw Fault(path, $"a whole number is expected, not {item}")
                ),
        ];
    }

    /// <summary>An array of floats, as nested lists.</summary>
    public static NumericArray Array(JsonElement json, string path)
    {
        var shape = new List<int>();
        for (var item = json; item.ValueKind == JsonValueKind.Array; item = item[0])
        {
            if (item.GetArrayLength() == 0)
                throw Fault(path, "the array is empty");
            shape.Add(item.GetArrayLength());
        }

        var numbers = Floats(json, path);
        return shape.Aggregate(1L, (product, size) => product * size) == numbers.Length
            ? NumericArray.Of(numbers, [.. shape])
            : throw Fault(path, "the rows of the array differ in length");
    }

    /// <summary>Every number of an array, in order.</summary>
    public static float[] Floats(JsonElement json, string path)
    {
        var numbers = new List<float>();
        Collect(json);
        return [.. numbers];

        void Collect(JsonElement item)
        {
            if (item.ValueKind == JsonValueKind.Number)
                numbers.Add(item.GetSingle());
            else if (item.ValueKind == JsonValueKind.Array)
                foreach (var inner in item.EnumerateArray())
                    Collect(inner);
            else
                throw Fault(path, $"a number is expected, not {item}");
        }
    }
}
