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
using OnnxIntervene.Tests.Oracle;

namespace OnnxIntervene.Tests.Baking;

/// <summary>A folded file of the original's operators computes what the intervened original computes.</summary>
public sealed class FoldedBakeTests
{
    private static IEnumerable<string> Additive() =>
        BakingSamples.Exports("gpt2", "llama", "qwen2", "llama-int4", "bert", "gemma2", "gpt_neox");

    private static IEnumerable<string> Linear() => BakingSamples.Exports("gpt2", "llama", "qwen2");

    [TestCaseSource(nameof(Additive))]
    public void Additions_go_into_biases(string export)
    {
        var evidence = Folded(
            export,
            map =>
                new[] { ComponentNames.BlockOutput, ComponentNames.MlpOutput, ComponentNames.AttentionOutput }.Select(
                    (name, index) =>
                        BakingSamples.Addition(1, name, BakingSamples.Numbers(index, 0.5f, map.Get(1, name).Width))
                ),
            new BakeRequest { Settings = new RunSettings { Coefficients = [Coefficient.Of(2)] } },
            out var added,
            out var changes
        );

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.02));
        Assert.That(added, Is.EqualTo(changes.Count(change => change.Contains("a new Add", StringComparison.Ordinal))));
    }

    [TestCaseSource(nameof(Linear))]
    public void Ablations_projections_and_adapters_go_into_weights(string export)
    {
        var evidence = Folded(
            export,
            map => OfHeads(map).Concat(OfLayers(map)),
            new BakeRequest
            {
                UnitLocations = new UnitLocations(
                    [null],
                    [UnitLocation.At(1), UnitLocation.At(0), null, null, null, null, null]
                ),
                Settings = new RunSettings
                {
                    Subspaces = new Subspaces([null, null, null, Neurons(), null, null, null]),
                },
            },
            out var added,
            out _
        );

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(added, Is.LessThanOrEqualTo(3), "a bias for each product that had none");

        static ImmutableArray<ImmutableArray<int>>? Neurons() =>
            [
                [1, 2, 7],
            ];
    }

    private static RepresentationConfig[] OfHeads(ComponentMap map)
    {
        var heads = map.Get(1, "head_attention_value_output");
        var (name, width) = (heads.Address.Name, heads.Width);
        return
        [
            BakingSamples.At(1, name, new ZeroIntervention()) with
            {
                Unit = "h",
            },
            BakingSamples.At(0, name, new MeanIntervention(BakingSamples.Numbers(4, 0.3f, width))) with
            {
                Unit = "h",
            },
            BakingSamples.Addition(1, name, BakingSamples.Numbers(3, 0.5f, heads.Heads, 1, width)),
        ];
    }

    private static RepresentationConfig[] OfLayers(ComponentMap map)
    {
        var width = map.Get(0, ComponentNames.MlpOutput).Width;
        var values = map.Get(1, ComponentNames.ValueOutput).Width;
        var directions = BakingSamples.Numbers(2, 1, 2, width);
        var rotation = BakingSamples.Identity(width, 3);
        var (weight, bias) = (BakingSamples.Numbers(7, 0.1f, 3, width), BakingSamples.Numbers(8, 0.1f, 3));
        var (down, up) = (BakingSamples.Numbers(5, 0.1f, 2, width), BakingSamples.Numbers(6, 0.1f, values, 2));
        return
        [
            BakingSamples.At(0, ComponentNames.MlpActivation, new ZeroIntervention()),
            BakingSamples.At(0, ComponentNames.AttentionOutput, new ProjectOutIntervention(directions)),
            BakingSamples.At(1, ComponentNames.MlpOutput, new LoReFTIntervention(rotation, weight, bias)),
            BakingSamples.At(1, ComponentNames.ValueOutput, new LoRAIntervention(down, up, 2)),
        ];
    }

    [Test]
    public void The_files_of_others_do_what_torch_does(
        [ValueSource(typeof(FormatCaseTests), nameof(FormatCaseTests.Exports))] string export,
        [Values("control-vector/1", "lora", "project-out/all-writers")] string name
    )
    {
        using var folder = new TemporaryFolder();
        using var original = FormatCaseTests.Load(export, name, out var scale);
        var (inputs, expected) = FormatCaseTests.Reference(name);
        var request = new BakeRequest
        {
            Folds = true,
            Settings = new RunSettings { Coefficients = [Coefficient.Of(scale)] },
        };

        Baker.Write(original, request, folder.File("out"));
        var outputs = BakingSamples.Run(folder.File("out/model.onnx"), original.Loaded, inputs);

        Assert.That(
            Difference.Largest(outputs[original.Model.Graph.Outputs[0].Name].Floats, expected.Floats),
            Is.LessThanOrEqualTo(2e-4)
        );
    }

    [Test]
    public void A_matrix_that_others_read_too_is_copied_only_where_that_is_asked_for()
    {
        Assert.That(() => Fold(false), Refused("shared with"));
        Assert.That(Fold(true).Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));

        static BakeEvidence[] Fold(bool copies) =>
            Folded(
                "gpt2/optimum",
                map =>
                    [
                        BakingSamples.At(
                            0,
                            ComponentNames.BlockInput,
                            new ProjectOutIntervention(
                                BakingSamples.Numbers(1, 1, map.Get(0, ComponentNames.BlockInput).Width)
                            )
                        ),
                    ],
                new BakeRequest { CopiesShared = copies },
                out _,
                out _
            );
    }

    [Test]
    public void What_is_not_exact_is_refused_with_the_reason()
    {
        Assert.That(() => At("llama/optimum", ComponentNames.BlockOutput), Refused("earlier layers"));
        Assert.That(() => At("llama-int4/genai-int4", ComponentNames.MlpOutput), Refused("quantised"));
        Assert.That(() => At("bert/optimum", ComponentNames.AttentionOutput), Refused("a norm"));

        static void At(string export, string component) =>
            Folded(
                export,
                map =>
                    [
                        BakingSamples.At(
                            1,
                            component,
                            new ProjectOutIntervention(BakingSamples.Numbers(1, 1, map.Get(1, component).Width))
                        ),
                    ],
                new BakeRequest(),
                out _,
                out _
            );
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string reason) =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason);

    private static BakeEvidence[] Folded(
        string export,
        Func<ComponentMap, IEnumerable<RepresentationConfig>> interventions,
        BakeRequest request,
        out int added,
        out ImmutableArray<string> changes
    )
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        using var model = loaded.With(
            new IntervenableConfig { Representations = [.. interventions(loaded.Components)] }
        );
        var (baked, evidence) = Baker.Write(model, request with { Folds = true }, folder.File("out"));
        added = OnnxFile.Load(folder.File("out/model.onnx")).Graph.NodeCount - loaded.Model.Graph.NodeCount;
        changes = baked.Changes;
        return [.. evidence];
    }
}
