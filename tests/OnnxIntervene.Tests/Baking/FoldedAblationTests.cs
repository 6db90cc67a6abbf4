using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Comparing;
using OnnxIntervene.Tests.Components;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Heads and neurons are ablated in the weights that read them, of floats and of few bits alike.</summary>
public sealed class FoldedAblationTests
{
    private const string HeadName = "head_attention_value_output";

    // The exports without a cache and with one have the same layers.
    private static IEnumerable<string> Exports() =>
        BakingSamples
            .Exports("bert", "blip", "esm", "gemma2", "gpt2", "gpt_neo", "gpt_neox", "llama", "llama-int4", "mistral")
            .Concat(BakingSamples.Exports("mixtral", "olmo2", "opt", "qwen2", "qwen3", "qwen3-int4", "vit"))
            .Concat(BakingSamples.Exports("whisper-encoder").Append("t5-decoder/optimum"))
            .Where(export => !export.EndsWith("-past", StringComparison.Ordinal));

    private static IEnumerable<string> Ungated() =>
        BakingSamples
            .Exports("bert", "esm", "gpt2", "gpt_neox", "opt", "vit")
            .Where(export => !export.EndsWith("-past", StringComparison.Ordinal));

    [TestCaseSource(nameof(Exports))]
    public void Heads_and_neurons_are_ablated_exactly(string export)
    {
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);

        var (baked, evidence) = Fold(loaded, Heads(loaded.Components).Concat(Neurons(loaded.Components)));

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(baked.Roundings, Is.Empty);
    }

    [TestCaseSource(nameof(Ungated))]
    public void The_mean_of_neurons_goes_into_the_bias(string export)
    {
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var width = loaded.Components.Get(1, ComponentNames.MlpActivation).Width;
        var mean = new MeanIntervention(BakingSamples.Numbers(4, 0.3f, width));

        var (_, evidence) = Fold(loaded, [(BakingSamples.At(1, ComponentNames.MlpActivation, mean), null)]);

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.02));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
    }

    [TestCase("llama/optimum")]
    [TestCase("llama-int4/genai-int4")]
    public void The_mean_of_what_a_gate_lets_through_is_folded_where_the_layer_reads_it(string export)
    {
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var gate = loaded.Components.Get(1, ComponentNames.MlpActivation);
        var read = ((TensorSource)gate.Source).Value.Uses.Single().Node.Output.Name;
        var mean = new MeanIntervention(BakingSamples.Numbers(4, 0.3f, gate.Width));

        var (_, evidence) = Fold(loaded, [(BakingSamples.At(1, read, mean), null)]);

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(
            () => Fold(loaded, [(BakingSamples.At(1, ComponentNames.MlpActivation, mean), null)]),
            Throws.TypeOf<InterventionException>().With.Message.Contains($"the tensor '{read}'")
        );
    }

    [Test]
    public void Weights_behind_a_DequantizeLinear_hold_zeros_exactly()
    {
        using var folder = new TemporaryFolder();
        using var loaded = Quantized(folder, HandmadeQuantization.Rounded);

        var (baked, evidence) = Fold(loaded, [.. Heads(loaded.Components).Take(1), .. Neurons(loaded.Components)]);

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(baked.Roundings, Is.Empty);
    }

    [TestCase(HandmadeQuantization.Dynamic)]
    [TestCase(HandmadeQuantization.OneOperator)]
    public void Inputs_whose_scale_depends_on_the_ablated_values_are_refused(HandmadeQuantization form)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Quantized(folder, form);

        Assert.That(
            () => Fold(loaded, Heads(loaded.Components).Take(1)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("by the range of its own numbers")
        );
    }

    [TestCase(HandmadeQuantization.Dynamic)]
    [TestCase(HandmadeQuantization.DynamicTwice)]
    [TestCase(HandmadeQuantization.ToFloat)]
    [TestCase(HandmadeQuantization.OneOperator)]
    [TestCase(HandmadeQuantization.Rounded)]
    public void An_addition_stands_behind_the_scale_of_integer_products(HandmadeQuantization form)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Quantized(folder, form);
        var width = loaded.Components.Get(1, ComponentNames.MlpOutput).Width;
        var addition = BakingSamples.Addition(1, ComponentNames.MlpOutput, BakingSamples.Numbers(1, 0.5f, width));

        var (_, evidence) = Fold(loaded, [(addition, UnitLocations.Everywhere.BaseOf(0))]);

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
    }

    private static LoadedModel Quantized(TemporaryFolder folder, HandmadeQuantization form)
    {
        var original = Path.Combine(BakingSamples.Folder("llama/optimum"), "model.onnx");
        EditedModel.Write(
            original,
            folder.File("model.onnx"),
            model => EditedModel.Quantize(model, form, (_, _) => { })
        );
        return LoadedModel.Load(folder.File("model.onnx"), BakingSamples.OneThread);
    }

    private static IEnumerable<(RepresentationConfig At, UnitLocation? Heads)> Heads(ComponentMap map)
    {
        var mean = new MeanIntervention(BakingSamples.Numbers(4, 0.3f, map.Get(0, HeadName).Width));
        yield return (BakingSamples.At(1, HeadName, new ZeroIntervention()) with { Unit = "h" }, UnitLocation.At(1));
        yield return (BakingSamples.At(0, HeadName, mean) with { Unit = "h" }, UnitLocation.At(0));
    }

    private static IEnumerable<(RepresentationConfig At, UnitLocation? Heads)> Neurons(ComponentMap map)
    {
        if (map.Components.Any(component => component.Address is (0, ComponentNames.MlpActivation)))
            yield return (BakingSamples.At(0, ComponentNames.MlpActivation, new ZeroIntervention()), null);
    }

    // Neurons are chosen among those of a layer: the first, the second and the eighth.
    private static (BakedModel Baked, ImmutableArray<BakeEvidence> Evidence) Fold(
        LoadedModel loaded,
        IEnumerable<(RepresentationConfig At, UnitLocation? Heads)> ablations
    )
    {
        using var folder = new TemporaryFolder();
        var all = ablations.ToList();
        using var model = loaded.With(new IntervenableConfig { Representations = [.. all.Select(one => one.At)] });
        var request = new BakeRequest
        {
            Folds = true,
            UnitLocations = new UnitLocations([null], [.. all.Select(one => one.Heads)]),
            Settings = new RunSettings
            {
                Subspaces = new Subspaces([.. all.Select(one => one.Heads is null ? Chosen() : null)]),
            },
        };
        var found = Baker.Write(model, request, folder.File("out"));
        Assert.That(
            OnnxFile.Load(folder.File("out/model.onnx")).Metadata.Select(entry => entry.Key),
            Has.One.EqualTo("intervene.bake.proof")
        );
        return found;

        static ImmutableArray<ImmutableArray<int>>? Chosen() =>
            [
                [0, 1, 7],
            ];
    }
}
