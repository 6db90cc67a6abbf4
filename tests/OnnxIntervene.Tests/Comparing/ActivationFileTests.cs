using System.Collections.Immutable;
using System.IO.Compression;
using OnnxIntervene.Comparing;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>A model is compared with activations that were saved in a file.</summary>
public sealed class ActivationFileTests
{
    private static readonly ReferenceFamily s_family = ReferenceFamily
        .All(RepositoryPaths.OwnReferences)
        .Single(family => family.Name == "llama");

    private static string Optimum => s_family.Exports.Single(export => export.Name == "optimum").ModelPath;

    [Test]
    public void Another_exports_values_are_the_same_within_rounding()
    {
        using var folder = new TemporaryFolder();
        var path = Save(folder, Saved());
        using var model = LoadedModel.Load(s_family.Exports.Single(export => export.Name == "dynamo").ModelPath);

        var result = ModelComparison.Run(ActivationFile.Open(path), model, new ModelComparisonRequest());

        Assert.That(result.First, Is.Null);
        Assert.That(result.Components, Has.Length.EqualTo(52));
        Assert.That(result.Examples, Is.EqualTo(2));
        Assert.That(result.Output!.SharesIn, Is.Null);
        Assert.That(result.Components.Max(component => component.RelativeError), Is.GreaterThan(0).And.LessThan(1e-5));
    }

    [Test]
    public void Torchs_logits_are_those_of_the_model()
    {
        var tensors = Saved();
        tensors["logits"] = s_family.Tensor(s_family.Cases.Single(item => item.Name == "base/b0").ExpectedLogits!);
        using var folder = new TemporaryFolder();
        using var model = LoadedModel.Load(Optimum);

        var result = ModelComparison.Run(
            ActivationFile.Open(Save(folder, tensors)),
            model,
            new ModelComparisonRequest()
        );

        Assert.That(result.Output!.RelativeError, Is.GreaterThan(0).And.LessThan(1e-5));
    }

    // The layers' outputs alone: each layer is one step.
    [Test]
    public void A_weight_that_differs_from_the_file_is_found_in_its_layer()
    {
        using var folder = new TemporaryFolder();
        var tensors = Saved()
            .Where(pair => !pair.Key.Contains('.') || pair.Key.StartsWith("block_output", StringComparison.Ordinal));
        var path = Save(folder, tensors.ToDictionary());
        var corrupt = folder.File("model.onnx");
        EditedModel.Write(Optimum, corrupt, Corrupt);
        using var model = LoadedModel.Load(corrupt);

        var result = ModelComparison.Run(ActivationFile.Open(path), model, new ModelComparisonRequest());

        Assert.That(
            result.Parting.Select(component => component.Address),
            Is.EqualTo(new[] { new ComponentAddress(2, "block_output") })
        );
        Assert.That(result.First!.Restored, Is.EqualTo(1).Within(1e-3));
    }

    [Test]
    public void Without_logits_errors_are_told_and_nothing_is_patched()
    {
        using var folder = new TemporaryFolder();
        var tensors = Saved();
        tensors.Remove("logits");
        using var model = LoadedModel.Load(Optimum);

        var result = ModelComparison.Run(
            ActivationFile.Open(Save(folder, tensors)),
            model,
            new ModelComparisonRequest()
        );

        Assert.That(result.Output, Is.Null);
        Assert.That(result.Components.Select(component => component.Restored), Is.All.Null);
        Assert.That(result.Components.Max(component => component.RelativeError), Is.Zero);
    }

    [Test]
    public void An_npz_file_and_prompts_beside_it_serve_as_well()
    {
        using var folder = new TemporaryFolder();
        var tensors = Saved();
        tensors.Remove("input_ids");
        tensors.Remove("attention_mask");
        var path = folder.File("torch.npz");
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            foreach (var (name, array) in tensors)
            {
                NumpyFile.Write(folder.File("array.npy"), array);
                archive.CreateEntryFromFile(folder.File("array.npy"), $"{name}.npy");
            }
        }

        using var model = LoadedModel.Load(Optimum);

        var result = ModelComparison.Run(
            ActivationFile.Open(path),
            model,
            new ModelComparisonRequest { Prompts = [s_family.Inputs("b0")] }
        );

        Assert.That(result.First, Is.Null);
        Assert.That(result.Output!.Mean, Is.Zero);
    }

    [TestCase("block_outputs.1", "block_output.1", "neither a component (NAME.LAYER")]
    [TestCase("block_output.9", "block_output.1", "has values of layer 9, but the model has 4 layers: 0 to 3")]
    public void A_name_that_the_model_has_not_is_refused(string name, string of, string message)
    {
        var tensors = Saved();
        tensors[name] = tensors[of];

        Assert.That(Fault(tensors), Does.Contain(message));
    }

    [Test]
    public void A_width_that_does_not_fit_is_refused_with_both()
    {
        var tensors = Saved();
        tensors["block_output.1"] = tensors["mlp_activation.1"];

        Assert.That(
            Fault(tensors),
            Does.Match(
                @"'block_output\.1' is floats\[2, 7, \d+\], but the model's block_output of layer 1 is floats\[2, 7"
            )
        );
    }

    [TestCase("block_output.01", "holds block_output of layer 1 twice")]
    [TestCase("logits", "'logits' is floats[], but 2 examples are needed")]
    [TestCase("block_output.1", "'block_output.1' is floats[], but the model's block_output of layer 1 is")]
    public void A_number_where_a_tensor_belongs_is_refused(string name, string message)
    {
        var tensors = Saved();
        tensors[name] = NumericArray.Of(new float[1], []);

        Assert.That(Fault(tensors), Does.Contain(message));
    }

    [Test]
    public void Prompts_beside_a_file_that_holds_them_are_refused() =>
        Assert.That(Fault(Saved(), s_family.Inputs("b0")), Does.Contain("leave the prompts out"));

    [Test]
    public void A_file_without_components_is_refused()
    {
        var tensors = new Dictionary<string, NumericArray> { ["input_ids"] = s_family.Inputs("b0").Tokens };

        Assert.That(Fault(tensors), Does.Contain("holds no component"));
    }

    private static string Fault(Dictionary<string, NumericArray> tensors, params ModelInputs[] prompts)
    {
        using var folder = new TemporaryFolder();
        var path = Save(folder, tensors);
        using var model = LoadedModel.Load(Optimum);
        return Assert
            .Throws<InterventionException>(() =>
                ModelComparison.Run(
                    ActivationFile.Open(path),
                    model,
                    new ModelComparisonRequest { Prompts = [.. prompts] }
                )
            )!
            .Message;
    }

    private static void Corrupt(Model model)
    {
        var component = ComponentMap.Find(model).Get(2, "value_output");
        EditedModel.Corrupt(EditedModel.NearestProduct(SourcePlaces.Values(component.Source).First()).Inputs[1]!, 1, 2);
    }

    private static string Save(TemporaryFolder folder, Dictionary<string, NumericArray> tensors)
    {
        var path = folder.File("torch.safetensors");
        SafetensorsFile.Write(path, tensors);
        return path;
    }

    // What hooks would save: every component of the optimum export on b0.
    private static Dictionary<string, NumericArray> Saved()
    {
        var inputs = s_family.Inputs("b0");
        using var model = LoadedModel.Load(Optimum);
        ImmutableArray<Component> whole =
        [
            .. model.Components.Components.Where(component => component.Layout != ComponentLayout.HeadsInWidth),
        ];
        var config = new IntervenableConfig
        {
            Representations =
            [
                .. whole.Select(component => new RepresentationConfig
                {
                    Layer = component.Address.Layer,
                    Component = component.Address.Name,
                    Unit = component.Unit,
                    InterventionType = InterventionType.Collect,
                }),
            ],
        };
        using var result = model.With(config).Run(inputs);
        var tensors = inputs.Arrays.ToDictionary();
        foreach (var (component, values) in whole.Zip(result.Collected))
            tensors.Add($"{component.Address.Name}.{component.Address.Layer}", values);
        tensors.Add("logits", result.Intervened.Logits);
        return tensors;
    }
}
