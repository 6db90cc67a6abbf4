using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Models and interventions to bake.</summary>
internal static class BakingSamples
{
    public static readonly ExecutionOptions OneThread = new() { Threads = 1 };

    /// <summary>The exports of some families.</summary>
    public static IEnumerable<string> Exports(params IReadOnlyList<string> families) =>
        families.SelectMany(family =>
            Directory
                .GetDirectories(Path.Combine(RepositoryPaths.OwnReferences, "families", family))
                .Where(folder => File.Exists(Path.Combine(folder, "model.onnx")))
                .Select(folder => $"{family}/{Path.GetFileName(folder)}")
                .Order(StringComparer.Ordinal)
        );

    /// <summary>The folder of an export.</summary>
    public static string Folder(string export) => Path.Combine(RepositoryPaths.OwnReferences, "families", export);

    /// <summary>An intervention at a component.</summary>
    public static RepresentationConfig At(int layer, string component, Intervention intervention) =>
        new()
        {
            Layer = layer,
            Component = component,
            Intervention = intervention,
        };

    /// <summary>An addition of a constant.</summary>
    public static RepresentationConfig Addition(int layer, string component, NumericArray vector) =>
        At(layer, component, new AdditionIntervention()) with
        {
            SourceRepresentation = vector,
        };

    /// <summary>Numbers that look random and are the same each time.</summary>
    public static NumericArray Numbers(int seed, float scale, params ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var size in shape)
            count *= size;
        return NumericArray.Of(
            Enumerable.Range(0, count).Select(index => scale * (float)Math.Sin((seed * 7.1) + (index * 1.7))).ToArray(),
            shape
        );
    }

    /// <summary>One of many kinds, wherever a file has room for it.</summary>
    public static (IntervenableConfig Config, BakeRequest Request) OfManyKinds(ComponentMap map)
    {
        var width = map.Get(0, ComponentNames.BlockOutput).Width;
        var heads = map.Get(1, "head_attention_value_output");
        RepresentationConfig[] all =
        [
            Addition(0, ComponentNames.BlockOutput, Numbers(1, 0.5f, width)),
            At(0, ComponentNames.AttentionOutput, new ProjectOutIntervention(Numbers(2, 1, 2, width))),
            At(1, "head_attention_value_output", new ZeroIntervention()) with
            {
                Unit = "h",
            },
            Addition(1, "head_attention_value_output", Numbers(3, 0.5f, heads.Heads, 1, heads.Width)),
            At(1, ComponentNames.MlpOutput, new MeanIntervention(Numbers(4, 0.3f, width))),
            At(
                0,
                ComponentNames.MlpOutput,
                new LoRAIntervention(Numbers(5, 0.1f, 2, width), Numbers(6, 0.1f, width, 2), 2)
            ),
            At(
                1,
                ComponentNames.BlockOutput,
                new LoReFTIntervention(Identity(width, 3), Numbers(7, 0.1f, 3, width), Numbers(8, 0.1f, 3))
            ),
            At(0, ComponentNames.BlockOutput, new RotatedSpaceIntervention(Identity(width, width))) with
            {
                SourceRepresentation = Numbers(9, 0.5f, width),
            },
        ];
        var request = new BakeRequest
        {
            UnitLocations = new UnitLocations([null], [null, null, UnitLocation.At(1), null, null, null, null, null]),
            Settings = new RunSettings
            {
                Coefficients = [.. all.Select((_, index) => Coefficient.Of(index is 0 or 3 ? 1.5f : 1))],
                Subspaces = new Subspaces([.. all.Select((_, index) => index == 7 ? Chosen() : null)]),
            },
        };
        return (new IntervenableConfig { Representations = [.. all] }, request);

        static ImmutableArray<ImmutableArray<int>>? Chosen() =>
            [
                [0, 3, 5],
            ];
    }

    /// <summary>Runs a file as any program would.</summary>
    public static IReadOnlyDictionary<string, NumericArray> Run(
        string path,
        LoadedModel original,
        ModelInputs inputs,
        string? adapter = null
    )
    {
        using var session = new FileSession(path, OneThread, original.Components);
        return session.Run(inputs, adapter, CancellationToken.None);
    }

    /// <summary>The first columns of the unit matrix.</summary>
    public static NumericArray Identity(int rows, int columns)
    {
        var numbers = new float[rows * columns];
        for (var index = 0; index < columns; index++)
            numbers[(index * columns) + index] = 1;
        return NumericArray.Of(numbers, rows, columns);
    }
}
