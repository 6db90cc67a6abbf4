using OnnxIntervene.Comparing;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>A file in which one weight is wrong is compared with the file as it was.</summary>
public sealed class CorruptedWeightTests
{
    private const int Choices = 20;

    private static readonly string[] s_matrices =
    [
        "query_output",
        "key_output",
        "value_output",
        "attention_output",
        "mlp_activation",
        "mlp_output",
    ];

    private static IEnumerable<TestCaseData> Corruptions()
    {
        var random = new Random(13);
        for (var index = 0; index < Choices; index++)
        {
            var export = index % 2 == 0 ? "gpt2/optimum" : "llama/optimum";
            yield return new TestCaseData(
                export,
                random.Next(4),
                s_matrices[random.Next(s_matrices.Length)],
                random.Next()
            );
        }
    }

    [TestCaseSource(nameof(Corruptions))]
    public void The_weights_component_is_named_and_restores_everything(
        string export,
        int layer,
        string matrix,
        int seed
    )
    {
        using var folder = new TemporaryFolder();
        var (path, family) = Reference(export);
        var corrupt = folder.File("model.onnx");
        EditedModel.Write(path, corrupt, model => Corrupt(model, layer, matrix, new Random(seed)));

        using var a = LoadedModel.Load(path);
        using var b = LoadedModel.Load(corrupt);
        var result = ModelComparison.Run(
            a,
            b,
            new ModelComparisonRequest { Prompts = [family.Inputs("b0"), family.Inputs("s0")] }
        );

        var address = new ComponentAddress(layer, matrix);
        Assert.That(result.Parting.Select(component => component.Address), Is.EqualTo(new[] { address }));
        Assert.That(result.MainCause!.Address, Is.EqualTo(address));
        var found = result.First!;
        Assert.That(found.Restored, Is.EqualTo(1).Within(1e-3));
        Assert.That(found.Repaired, Is.EqualTo(1).Within(1e-3));
        // Before it everything is the same, and after it the difference has passed by without being made.
        var before = result.Components.Single(item => item.Address == new ComponentAddress(layer, "attention_input"));
        Assert.That(before.Restored, Is.EqualTo(0).Within(1e-3));
        var after = result.Components.Single(item => item.Address == new ComponentAddress(layer, "block_output"));
        Assert.That(after.Restored, Is.EqualTo(1).Within(1e-3));
        Assert.That(after.Repaired, Is.EqualTo(0).Within(1e-3));
    }

    [Test]
    public void In_a_gated_feed_forward_the_projection_up_is_found_in_its_output()
    {
        using var folder = new TemporaryFolder();
        var (path, family) = Reference("llama/optimum");
        var corrupt = folder.File("model.onnx");
        EditedModel.Write(path, corrupt, model => EditedModel.Corrupt(Up(model, 2).Inputs[1]!, 5, 7));

        using var a = LoadedModel.Load(path);
        using var b = LoadedModel.Load(corrupt);
        var result = ModelComparison.Run(a, b, new ModelComparisonRequest { Prompts = [family.Inputs("b0")] });

        Assert.That(
            result.Parting.Select(component => component.Address),
            Is.EqualTo(new[] { new ComponentAddress(2, "mlp_output") })
        );
    }

    [Test]
    public void What_differs_after_the_last_layer_is_told_apart_from_the_layers()
    {
        using var folder = new TemporaryFolder();
        var (path, family) = Reference("llama/optimum");
        var corrupt = folder.File("model.onnx");
        EditedModel.Write(
            path,
            corrupt,
            model => EditedModel.Corrupt(EditedModel.NearestProduct(model.Graph.Outputs[0]).Inputs[1]!, 3, 11)
        );

        using var a = LoadedModel.Load(path);
        using var b = LoadedModel.Load(corrupt);
        var result = ModelComparison.Run(a, b, new ModelComparisonRequest { Prompts = [family.Inputs("b0")] });

        Assert.That(result.First, Is.Null);
        Assert.That(result.Output!.PartsByItself);
        Assert.That(result.Components.Max(component => component.RelativeError), Is.Zero);
    }

    private static void Corrupt(Model model, int layer, string matrix, Random random)
    {
        var component = ComponentMap.Find(model).Get(layer, matrix);
        var node = EditedModel.NearestProduct(SourcePlaces.Values(component.Source).First());
        var weight = node.Inputs[1]!;
        var (rows, columns) = ((int)weight.Initializer!.Dimensions[0], (int)weight.Initializer.Dimensions[1]);
        // Queries, keys and values may be parts of one product.
        var part = columns / component.Width;
        var start = part > 1 ? Array.IndexOf(s_matrices, matrix) * component.Width : 0;
        EditedModel.Corrupt(weight, random.Next(rows), start + random.Next(component.Width));
    }

    // What multiplies the activated gate.
    private static Node Up(Model model, int layer)
    {
        var map = ComponentMap.Find(model);
        var down = EditedModel.NearestProduct(SourcePlaces.Values(map.Get(layer, "mlp_output").Source).First());
        var gate = SourcePlaces.Values(map.Get(layer, "mlp_activation").Source).First();
        var other = down.Inputs[0]!.Producer!.Inputs.Single(input => input != gate)!;
        return EditedModel.NearestProduct(other);
    }

    private static (string Path, ReferenceFamily Family) Reference(string export)
    {
        var (name, exporter) = (export.Split('/')[0], export.Split('/')[1]);
        var family = ReferenceFamily.All(RepositoryPaths.OwnReferences).Single(item => item.Name == name);
        return (family.Exports.Single(item => item.Name == exporter).ModelPath, family);
    }
}
