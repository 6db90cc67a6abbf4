using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Steering;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>
/// What others' files of adapters, projections and control vectors do to LLaMA is what torch gives with them, on every
/// export.
/// </summary>
[Category("Oracle")]
public sealed class FormatCaseTests
{
    private const double Tolerance = 2e-4;
    private static readonly string s_folder = Path.Combine(RepositoryPaths.OwnReferences, "formats");
    private static readonly string[] s_cases =
    [
        "control-vector/1",
        "control-vector/-0.5",
        "control-vector/layers-2",
        "lora",
        "loreft",
        "project-out/block_output",
        "project-out/all-writers",
    ];

    public static IEnumerable<string> Exports() =>
        Directory
            .GetDirectories(Path.Combine(RepositoryPaths.OwnReferences, "families", "llama"))
            .Where(folder => File.Exists(Path.Combine(folder, "model.onnx")))
            .Select(folder => Path.GetFileName(folder)!);

    [Test]
    public void A_file_does_what_torch_does_with_it(
        [ValueSource(nameof(Exports))] string export,
        [ValueSource(nameof(s_cases))] string name
    )
    {
        using var model = Load(export, name, out var scale);
        var item = Case(name);
        var (inputs, expected) = Reference(name);
        var locations =
            name == "loreft" ? UnitLocations.SourcesToBase(UnitLocation.At(0, 1, 6)) : UnitLocations.Everywhere;

        var result = model.Run(
            inputs,
            null,
            locations,
            new RunSettings { OutputOriginalOutput = true, Coefficients = [Coefficient.Of(scale)] }
        );

        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, expected.Floats),
            Is.LessThanOrEqualTo(Tolerance)
        );
        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats),
            Is.GreaterThanOrEqualTo(item.GetProperty("effect").GetDouble() / 2)
        );
    }

    /// <summary>LLaMA with a case's interventions, and what additions are multiplied with.</summary>
    internal static IntervenableModel Load(string export, string name, out float scale)
    {
        var path = Path.Combine(RepositoryPaths.OwnReferences, "families", "llama", export);
        var item = Case(name);
        var map = ComponentMap.Find(IR.Serialization.OnnxFile.Load(Path.Combine(path, "model.onnx")));
        scale = item.TryGetProperty("scale", out var given) ? given.GetSingle() : 1;
        return IntervenableModel.Load(
            path,
            new IntervenableConfig { Representations = Representations(name, map, Tensors(), item) },
            new ExecutionOptions { Threads = 1 }
        );
    }

    /// <summary>What a case is run on, and torch's logits.</summary>
    internal static (ModelInputs Inputs, NumericArray Logits) Reference(string name)
    {
        var tensors = Tensors();
        return (
            new ModelInputs(
                ImmutableDictionary<string, NumericArray>.Empty.Add(ModelInputs.TokenInput, tensors.Read("input_ids"))
            ),
            tensors.Read(Case(name).GetProperty("logits").GetString()!)
        );
    }

    private static SafetensorsFile Tensors() => SafetensorsFile.Open(Path.Combine(s_folder, "formats.safetensors"));

    private static ImmutableArray<RepresentationConfig> Representations(
        string name,
        ComponentMap map,
        SafetensorsFile tensors,
        JsonElement item
    ) =>
        name switch
        {
            "lora" => AdapterFile.Read(Path.Combine(s_folder, "lora"), map),
            "loreft" => [LoReFT(1, "loreft/0/", tensors), LoReFT(2, "loreft/1/", tensors)],
            "project-out/block_output" =>
            [
                .. Enumerable
                    .Range(0, map.LayerCount)
                    .Select(layer => At(layer, ComponentNames.BlockOutput, Projection(tensors))),
            ],
            "project-out/all-writers" =>
            [
                At(0, ComponentNames.BlockInput, Projection(tensors)),
                .. Enumerable
                    .Range(0, map.LayerCount)
                    .SelectMany(layer =>
                        new[] { ComponentNames.AttentionOutput, ComponentNames.MlpOutput }.Select(part =>
                            At(layer, part, Projection(tensors))
                        )
                    ),
            ],
            _ => ControlVectors(item),
        };

    private static ImmutableArray<RepresentationConfig> ControlVectors(JsonElement item)
    {
        var chosen = item.TryGetProperty("layers", out var list)
            ? list.EnumerateArray().Select(layer => layer.GetInt32()).ToHashSet()
            : null;
        return
        [
            .. ControlVector
                .Read(Path.Combine(s_folder, "control_vector.gguf"))
                .Directions.Where(direction => chosen?.Contains(direction.Key) ?? true)
                .Select(direction =>
                    At(direction.Key, ComponentNames.BlockOutput, new AdditionIntervention()) with
                    {
                        SourceRepresentation = direction.Value,
                    }
                ),
        ];
    }

    private static RepresentationConfig LoReFT(int layer, string prefix, SafetensorsFile tensors)
    {
        var arrays = tensors
            .Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(name => name, tensors.Read);
        var weights = LoreftWeights.From(arrays, "formats.safetensors", prefix);
        return At(
            layer,
            ComponentNames.BlockOutput,
            new LoReFTIntervention(weights.Rotation, weights.Weight, weights.Bias)
        );
    }

    private static ProjectOutIntervention Projection(SafetensorsFile tensors) => new(tensors.Read("direction"));

    private static RepresentationConfig At(int layer, string component, Intervention intervention) =>
        new()
        {
            Layer = layer,
            Component = component,
            Intervention = intervention,
        };

    private static JsonElement Case(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, "formats.json")));
        return json
            .RootElement.GetProperty("cases")
            .EnumerateArray()
            .Single(item => item.GetProperty("name").GetString() == name)
            .Clone();
    }
}
