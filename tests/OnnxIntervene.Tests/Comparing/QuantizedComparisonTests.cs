using OnnxIntervene.Comparing;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>Files with 4-bit weights are compared with the same weights in 32 bits.</summary>
public sealed class QuantizedComparisonTests
{
    private static readonly ReferenceFamily s_family = ReferenceFamily
        .All(RepositoryPaths.OwnReferences)
        .Single(family => family.Name == "llama-int4");

    [Test]
    public void A_dequantised_twin_parts_nowhere()
    {
        var result = Compare((_, _) => { });

        TestContext.Out.WriteLine(
            $"largest local error {result.Components.Max(component => component.LocalError)}, {result.Output!.Mean}"
        );
        Assert.That(result.Limits.IsQuantized);
        Assert.That(result.First, Is.Null, $"{result.First}");
    }

    [TestCase("down_proj", 2, "mlp_output")]
    [TestCase("gate_proj", 0, "mlp_activation")]
    [TestCase("o_proj", 3, "attention_output")]
    public void A_matrix_whose_scales_are_off_is_found_among_quantised_ones(string name, int layer, string component)
    {
        var result = Compare(
            (node, matrix) =>
            {
                if (!node.Contains($"layers.{layer}/", StringComparison.Ordinal) || !node.Contains(name, StringComparison.Ordinal))
                    return;
                for (var index = 0; index < matrix.Length; index++)
                    matrix[index] *= 1.1f;
            }
        );

        Assert.That(
            result.Parting.Select(item => item.Address),
            Is.EqualTo(new[] { new ComponentAddress(layer, component) })
        );
        Assert.That(result.MainCause!.Address, Is.EqualTo(new ComponentAddress(layer, component)));
        Assert.That(result.First!.LocalError, Is.EqualTo(0.1 / 1.1).Within(0.02));
    }

    private static ModelComparisonResult Compare(Action<string, float[]> change)
    {
        using var folder = new TemporaryFolder();
        var twin = folder.File("model.onnx");
        EditedModel.Write(s_family.Exports[0].ModelPath, twin, model => EditedModel.Dequantize(model, change));
        using var a = LoadedModel.Load(twin);
        using var b = LoadedModel.Load(s_family.Exports[0].ModelPath);
        return ModelComparison.Run(
            a,
            b,
            new ModelComparisonRequest { Prompts = [s_family.Inputs(s_family.Cases[0].Base)] }
        );
    }
}
