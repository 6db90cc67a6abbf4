using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>The smallest reference models, with whatever interventions a test wants.</summary>
internal static class TinyModels
{
    /// <summary>GPT-2: 4 layers of 4 heads, 32 wide.</summary>
    public static string Gpt2 { get; } =
        Path.Combine(RepositoryPaths.OwnReferences, "families", "gpt2", "optimum", "model.onnx");

    public static IntervenableModel Load(params ReadOnlySpan<RepresentationConfig> representations) =>
        Load(InterventionMode.Parallel, representations);

    public static IntervenableModel Load(
        InterventionMode mode,
        params ReadOnlySpan<RepresentationConfig> representations
    ) =>
        IntervenableModel.Load(
            Gpt2,
            new IntervenableConfig { Representations = [.. representations], Mode = mode },
            new ExecutionOptions { Threads = 1 }
        );

    /// <summary>An intervention at a layer's output.</summary>
    public static RepresentationConfig At(
        int layer,
        Intervention intervention,
        string component = "block_output",
        string unit = "pos"
    ) =>
        new()
        {
            Layer = layer,
            Component = component,
            Unit = unit,
            Intervention = intervention,
        };

    /// <summary>The values at some units.</summary>
    public static NumericArray Collect(
        ModelInputs inputs,
        UnitLocation? location,
        int layer,
        string component = "block_output",
        string unit = "pos"
    )
    {
        using var model = Load(At(layer, new CollectIntervention(), component, unit));
        return model.Run(inputs, unitLocations: new UnitLocations([location], [location])).Collected[0];
    }

    /// <summary>Numbers that are neither zero nor equal.</summary>
    public static NumericArray Waves(params ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var size in shape)
            count *= size;
        return NumericArray.Of(
            Enumerable.Range(0, count).Select(index => (float)Math.Sin(1 + (0.37 * index * index))).ToArray(),
            shape
        );
    }

    /// <summary>Locations of the base alone, one an intervention.</summary>
    public static UnitLocations Base(params ImmutableArray<UnitLocation?> locations) => new([null], locations);
}
