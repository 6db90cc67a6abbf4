using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Numerics;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>The trainings of a family's <c>training.json</c>: interventions as they begin, and the batches.</summary>
internal static class TrainingCases
{
    public static IntervenableConfig Config(JsonElement item, SafetensorsFile tensors, float rounding = 0)
    {
        var type = InterventionType.Parse(item.GetProperty("intervention_type").GetString()!);
        var arrays = item.GetProperty("initial")
            .EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => tensors.Read(entry.Value.GetString()!));
        if (arrays.Keys.FirstOrDefault(key => key.EndsWith(".original", StringComparison.Ordinal)) is { } original)
            arrays[original] = Moved(arrays[original], rounding);
        return new IntervenableConfig
        {
            Representations =
            [
                new RepresentationConfig
                {
                    Layer = item.GetProperty("layer").GetInt32(),
                    Component = item.GetProperty("component").GetString()!,
                    Unit = item.GetProperty("unit").GetString()!,
                    MaxNumberOfUnits = Numbers(item, "positions").Length,
                    InterventionType = type,
                    Intervention = InterventionState.Read(type, arrays).Intervention,
                },
            ],
        };
    }

    private static NumericArray Moved(NumericArray array, float size)
    {
        var random = new NumpyRandom(5).StandardNormal(array.Length);
        var columns = array.Shape[1];
        return NumericArray.Of(
            array
                .Floats.ToArray()
                .Select(
                    (number, index) =>
                        index / columns > index % columns ? number + (size * (float)random[index]) : number
                )
                .ToArray(),
            array.Shape.AsSpan()
        );
    }

    public static TrainingBatch Batch(JsonElement item, SafetensorsFile tensors, int step)
    {
        var inputs = item.GetProperty("inputs");
        NumericArray Row(string name) => tensors.Read(inputs.GetProperty(name).GetString()!).Row(step);
        ModelInputs Tokens(string name) =>
            new(ImmutableDictionary<string, NumericArray>.Empty.Add(ModelInputs.TokenInput, Row(name)));
        var positions = Numbers(item, "positions");
        return new TrainingBatch(Tokens("base"), [Tokens("source")], new CrossEntropyLoss(Row("labels")))
        {
            UnitLocations = UnitLocations.SourcesToBase(UnitLocation.At(positions)),
            Settings = new RunSettings
            {
                Subspaces =
                    item.TryGetProperty("subspaces", out var given) && given.ValueKind == JsonValueKind.Array
                        ? Subspaces.Of(Numbers(item, "subspaces"))
                        : Subspaces.Whole,
            },
        };
    }

    private static int[] Numbers(JsonElement item, string name) =>
        [.. item.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];

    public static IEnumerable<JsonElement> Items(ReferenceFamily family)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(family), "training.json")));
        return [.. json.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.Clone())];
    }

    public static string Folder(ReferenceFamily family) =>
        Path.Combine(RepositoryPaths.References, "families", family.Name);
}
