using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Steering;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Steering;

/// <summary>What a file of vectors or an adapter means, wherever it is given.</summary>
public sealed class SteeringFileTests
{
    private static readonly string s_formats = Path.Combine(RepositoryPaths.OwnReferences, "formats");
    private static readonly string s_autoencoder = Path.Combine(s_formats, "sae_params.npz");

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Names_say_component_and_layer()
    {
        var path = Written(("mlp_output.2", [1, 2]), ("mlp_output.5", [3, 4]));

        var all = SteeringVectorFile.Read(path);
        var some = SteeringVectorFile.Read(path, [5]);

        Assert.That(all.Component, Is.EqualTo("mlp_output"));
        Assert.That(all.Directions.Keys, Is.EqualTo(new[] { 2, 5 }));
        Assert.That(some.Directions.Single().Value.Floats.ToArray(), Is.EqualTo(new[] { 3f, 4 }));
        Assert.That(() => SteeringVectorFile.Read(path, [3]), Refused("no direction for layer 3; it has layers 2, 5"));
        Assert.That(() => SteeringVectorFile.Read(path, null, "block_output"), Refused("but for mlp_output"));
    }

    [Test]
    public void Of_several_components_one_is_chosen()
    {
        var path = Written(("mlp_output.2", [1, 2]), ("block_output.2", [3, 4]));

        Assert.That(() => SteeringVectorFile.Read(path), Refused("say which component"));
        Assert.That(SteeringVectorFile.Read(path, null, "mlp_output").Directions[2].Floats[0], Is.EqualTo(1));
    }

    [Test]
    public void A_named_tensor_goes_where_the_user_says_else_where_its_name_says()
    {
        var path = Written(("block_output.2", [1, 2]), ("joy", [3, 4]));

        Assert.That(SteeringVectorFile.Read($"{path}#block_output.2").Directions.Keys, Is.EqualTo(new[] { 2 }));
        Assert.That(SteeringVectorFile.Read($"{path}#block_output.2", [4]).Directions.Keys, Is.EqualTo(new[] { 4 }));
        var joy = SteeringVectorFile.Read($"{path}#joy", [1, 3], "mlp_output");
        Assert.That(joy.Component, Is.EqualTo("mlp_output"));
        Assert.That(joy.Directions.Keys, Is.EqualTo(new[] { 1, 3 }));
        Assert.That(() => SteeringVectorFile.Read($"{path}#joy"), Refused("give the layer"));
        Assert.That(() => SteeringVectorFile.Read($"{path}#anger", [1]), Refused("'anger'; it holds"));
        Assert.That(() => SteeringVectorFile.Read(path), Refused("#NAME"));
    }

    [Test]
    public void A_latent_of_a_sparse_autoencoder_is_its_row_of_the_decoder()
    {
        var decoder = NpzFile.Read(s_autoencoder)["W_dec"];

        var vector = SteeringVectorFile.Read($"{s_autoencoder}#5", [1]);

        Assert.That(vector.Directions[1].Floats.ToArray(), Is.EqualTo(decoder.Row(5).Floats.ToArray()));
        Assert.That(() => SteeringVectorFile.Read(s_autoencoder, [1]), Refused("name a latent"));
        Assert.That(() => SteeringVectorFile.Read($"{s_autoencoder}#5000", [1]), Refused("its latents are 0 to"));
    }

    [Test]
    public void What_is_no_direction_is_refused()
    {
        Assert.That(
            () => SteeringVectorFile.Read(Written(("block_output.2", [1, float.NaN]))),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("not finite")
        );
        Assert.That(
            () => SteeringVectorFile.Read(Written()),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("no tensors")
        );
        Assert.That(() => SteeringVectorFile.Read("joy.txt"), Refused("ends in"));
    }

    [Test]
    public void An_adapters_modules_are_components()
    {
        using var model = LoadedModel.Load(Path.Combine(RepositoryPaths.OwnReferences, "families", "llama", "optimum"));
        var folder = Path.Combine(s_formats, "lora");

        var half = AdapterFile.Read(folder, model.Components, 0.5f, [1]);

        Assert.That(half.Select(item => item.Component), Is.EquivalentTo(new[] { "query_output", "value_output" }));
        Assert.That(half.Select(item => item.Layer), Is.All.EqualTo(1));
        Assert.That(((LoRAIntervention)half[0].Intervention!).Parameters["scaling"].Floats[0], Is.EqualTo(1));
        Assert.That(() => AdapterFile.Read(folder, model.Components, 1, [9]), Refused("layer 9"));
        Assert.That(
            () => AdapterFile.Read(_folder.Path, model.Components),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("no adapter_config.json")
        );
    }

    [Test]
    public void A_packed_adapter_is_split_and_one_of_another_module_is_refused()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var width = model.Components.Get(0, "query_output").Width;

        var split = AdapterFile.Read(Adapter("transformer.h.1.attn.c_attn", width, 3 * width), model.Components);

        Assert.That(
            split.Select(item => item.Component),
            Is.EqualTo(new[] { "query_output", "key_output", "value_output" })
        );
        Assert.That(split[1].Intervention!.Parameters["lora_B.weight"].Floats[0], Is.EqualTo(width));
        Assert.That(
            () => AdapterFile.Read(Adapter("transformer.h.1.mlp.c_fc", width, 4 * width), model.Components),
            Refused("'transformer.h.1.mlp.c_fc', whose output is no component")
        );
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string reason) =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason);

    private string Adapter(string module, int inputs, int outputs)
    {
        var folder = Directory.CreateDirectory(_folder.File(module)).FullName;
        File.WriteAllText(
            Path.Combine(folder, "adapter_config.json"),
            """{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "fan_in_fan_out": true}"""
        );
        SafetensorsFile.Write(
            Path.Combine(folder, "adapter_model.safetensors"),
            new Dictionary<string, NumericArray>
            {
                [$"base_model.model.{module}.lora_A.weight"] = Counted(1, inputs),
                [$"base_model.model.{module}.lora_B.weight"] = Counted(outputs, 1),
            }
        );
        return folder;

        static NumericArray Counted(int rows, int columns) =>
            NumericArray.Of(Enumerable.Range(0, rows * columns).Select(index => (float)index).ToArray(), rows, columns);
    }

    private string Written(params ReadOnlySpan<(string Name, float[] Numbers)> tensors)
    {
        var path = _folder.File("vectors.safetensors");
        SafetensorsFile.Write(
            path,
            tensors
                .ToArray()
                .ToDictionary(item => item.Name, item => NumericArray.Of(item.Numbers, item.Numbers.Length))
        );
        return path;
    }
}
