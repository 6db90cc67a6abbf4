using OnnxIntervene.Comparing;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Components;

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

        Assert.That(result.Limits.IsQuantized);
        Assert.That(result.First, Is.Null, $"{result.First}");
    }

    [TestCase("down_proj", 2, "mlp_output")]
    [TestCase("gate_proj", 0, "mlp_activation")]
    [TestCase("o_proj", 3, "attention_output")]
    public void A_matrix_whose_scales_are_off_is_found_among_quantised_ones(string name, int layer, string component)
    {
        var result = Compare((node, matrix) => Scale(node, matrix, layer, name));

        Assert.That(
            result.Parting.Select(item => item.Address),
            Is.EqualTo(new[] { new ComponentAddress(layer, component) })
        );
        Assert.That(result.MainCause!.Address, Is.EqualTo(new ComponentAddress(layer, component)));
        Assert.That(result.First!.LocalError, Is.EqualTo(0.1 / 1.1).Within(0.02));
    }

    [TestCase(nameof(HandmadeQuantization.Dynamic))]
    [TestCase(nameof(HandmadeQuantization.ToFloat))]
    public void A_file_of_bytes_parts_only_where_it_differs_more_than_its_layers_do(string name)
    {
        var form = Enum.Parse<HandmadeQuantization>(name);
        var plain = CompareWithBytes(form, (_, _) => { });
        var scaled = CompareWithBytes(form, (node, matrix) => Scale(node, matrix, 1, "v_proj", 1.5f));

        Assert.That(plain.Limits.IsQuantized);
        Assert.That(plain.First, Is.Null, $"{plain.First}");
        // It does differ: products by more than 32-bit rounding, and nothing else does.
        Assert.That(plain.Components.Max(item => item.LocalError), Is.InRange(10 * plain.Limits.Floor, 0.1));
        Assert.That(
            plain
                .Components.Where(item => item.Address.Name is "attention_input" or "resid_mid")
                .Max(item => item.LocalError),
            Is.LessThan(plain.Limits.Floor)
        );
        Assert.That(
            scaled.Parting.Select(item => item.Address),
            Is.EqualTo(new[] { new ComponentAddress(1, "value_output") })
        );
        Assert.That(scaled.MainCause!.Address, Is.EqualTo(new ComponentAddress(1, "value_output")));
        Assert.That(
            scaled.Components.Single(item => item.Address == new ComponentAddress(3, "block_output")).Restored,
            Is.EqualTo(1).Within(1e-3)
        );
    }

    [Test]
    public void The_large_model_parts_from_its_twin_at_the_layer_whose_scales_are_off()
    {
        var path = Path.Combine(GoldenModel.Large().Folder, "model.onnx");
        using var model = LoadedModel.Load(path);

        var result = Compare(
            path,
            (node, matrix) => Scale(node, matrix, 17, "o_proj"),
            new ModelComparisonRequest
            {
                Prompts = [model.Tokenize("The Eiffel Tower is located in the city of")],
                Layers = [15, 16, 17, 18],
            }
        );

        Assert.That(
            result.Parting.Select(item => item.Address),
            Is.EqualTo(new[] { new ComponentAddress(17, "attention_output") })
        );
        Assert.That(result.MainCause!.Address, Is.EqualTo(new ComponentAddress(17, "attention_output")));
        Assert.That(result.First!.Restored, Is.EqualTo(1).Within(1e-3));
    }

    private static void Scale(string node, float[] matrix, int layer, string name, float factor = 1.1f)
    {
        if (
            !node.Contains($"layers.{layer}/", StringComparison.Ordinal)
            || !node.Contains(name, StringComparison.Ordinal)
        )
            return;
        for (var index = 0; index < matrix.Length; index++)
            matrix[index] *= factor;
    }

    private static ModelComparisonResult CompareWithBytes(HandmadeQuantization form, Action<string, float[]> change)
    {
        var family = ReferenceFamily.All(RepositoryPaths.OwnReferences).Single(item => item.Name == "llama");
        var path = family.Exports.Single(export => export.Name == "optimum").ModelPath;
        using var folder = new TemporaryFolder();
        var bytes = folder.File("model.onnx");
        EditedModel.Write(path, bytes, model => EditedModel.Quantize(model, form, change));
        using var a = LoadedModel.Load(path);
        using var b = LoadedModel.Load(bytes);
        return ModelComparison.Run(a, b, new ModelComparisonRequest { Prompts = [family.Inputs("b0")] });
    }

    private static ModelComparisonResult Compare(Action<string, float[]> change) =>
        Compare(
            s_family.Exports[0].ModelPath,
            change,
            new ModelComparisonRequest { Prompts = [s_family.Inputs(s_family.Cases[0].Base)] }
        );

    private static ModelComparisonResult Compare(
        string path,
        Action<string, float[]> change,
        ModelComparisonRequest request
    )
    {
        using var folder = new TemporaryFolder();
        var twin = folder.File("model.onnx");
        EditedModel.Write(path, twin, model => EditedModel.Dequantize(model, change));
        using var a = LoadedModel.Load(twin);
        using var b = LoadedModel.Load(path);
        return ModelComparison.Run(a, b, request);
    }
}
