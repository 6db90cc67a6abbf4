using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Comparing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Quantised weights with scales of 16 bits, in a model of 16-bit floats, take interventions in.</summary>
public sealed class HalfBakeTests
{
    private const string HeadName = "head_attention_value_output";

    // Both models round what each operator computes to 16 bits, and may do so at other places: nine times in each of
    // four layers, each at most by this part of the largest number.
    private const double Tolerance = 4 * 9 * HalfModel.Rounding;

    [TestCase(true)]
    [TestCase(false)]
    public void Ablations_and_additions_are_folded_exactly(bool isInBlocks)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Load(folder, isInBlocks);
        var width = loaded.Components.Get(1, ComponentNames.MlpOutput).Width;

        var interventions = new List<RepresentationConfig>
        {
            BakingSamples.At(0, ComponentNames.MlpActivation, new ZeroIntervention()),
            BakingSamples.Addition(2, ComponentNames.MlpOutput, BakingSamples.Numbers(1, 0.5f, width)),
        };
        // ONNX Runtime makes a MatMulNBits of a DequantizeLinear and a MatMul, one that rounds what it reads to 8 bits
        // by its largest number (accuracy level 4; onnxruntime#27614), so that a part of it must not go.
        if (isInBlocks)
            interventions.Add(BakingSamples.At(1, HeadName, new ZeroIntervention()) with { Unit = "h" });

        var (baked, evidence) = Bake(loaded, folder, [.. interventions]);

        Assert.That(baked.Roundings, Is.Empty);
        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(Tolerance));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_projection_is_quantised_again_with_scales_of_16_bits(bool isInBlocks)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Load(folder, isInBlocks);
        var width = loaded.Components.Get(1, ComponentNames.MlpOutput).Width;
        var projection = BakingSamples.At(
            1,
            ComponentNames.MlpOutput,
            new ProjectOutIntervention(BakingSamples.Numbers(2, 1, 1, width))
        );

        var (baked, evidence) = Bake(loaded, folder, [projection]);

        Assert.That(
            baked.Roundings.Single().Error,
            Is.GreaterThan(0).And.LessThan(baked.Roundings.Single().Largest / (isInBlocks ? 8 : 128))
        );
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect), found.Input);
        foreach (var scale in Scales(OnnxFile.Load(folder.File("out/model.onnx"))))
            Assert.That(scale.ElementType, Is.EqualTo(ElementType.Float16));
    }

    private static IEnumerable<TensorData> Scales(Model model) =>
        model
            .Graph.Nodes.Select(node =>
                node.Operator.OperatorType switch
                {
                    "MatMulNBits" => node.Inputs[2]!.Initializer,
                    "DequantizeLinear" => node.Inputs[1]!.Initializer,
                    _ => null,
                }
            )
            .OfType<TensorData>();

    private static LoadedModel Load(TemporaryFolder folder, bool isInBlocks)
    {
        EditedModel.Write(
            Path.Combine(BakingSamples.Folder(isInBlocks ? "llama-int4/genai-int4" : "llama/genai-fp32"), "model.onnx"),
            folder.File("own/model.onnx"),
            model =>
            {
                if (!isInBlocks)
                    new LinearQuantizer(ElementType.UInt8, 1, 0, false).Quantize(model);
                HalfModel.Convert(model);
            }
        );
        return LoadedModel.Load(folder.File("own/model.onnx"), BakingSamples.OneThread);
    }

    private static (BakedModel Baked, BakeEvidence[] Evidence) Bake(
        LoadedModel loaded,
        TemporaryFolder folder,
        RepresentationConfig[] interventions
    )
    {
        using var model = loaded.With(new IntervenableConfig { Representations = [.. interventions] });
        var heads = interventions.Select(one => one.Unit == "h" ? UnitLocation.At(1) : null);
        var (baked, evidence) = Baker.Write(
            model,
            new BakeRequest
            {
                Folds = true,
                Requantises = true,
                UnitLocations = new UnitLocations([null], [.. heads]),
            },
            folder.File("out")
        );
        return (baked, [.. evidence]);
    }
}
