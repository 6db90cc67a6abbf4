using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Steering;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Tests.Formats;

/// <summary>
/// Vectors and adapters with NaN or infinity are refused when they are read, with the file and the tensor.
/// </summary>
public sealed class NotFiniteTests
{
    private static readonly string s_formats = Path.Combine(RepositoryPaths.OwnReferences, "formats");
    private static readonly float[] s_bad = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    [TestCaseSource(nameof(s_bad))]
    public void A_LoRA(float bad)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(s_formats, "lora", "adapter_config.json"), folder.File("adapter_config.json"));
        var file = SafetensorsFile.Open(Path.Combine(s_formats, "lora", "adapter_model.safetensors"));
        var arrays = file.Names.ToDictionary(name => name, file.Read);
        var last = file.Names.Last();
        arrays[last] = Broken(arrays[last], bad);
        SafetensorsFile.Write(folder.File("adapter_model.safetensors"), arrays);

        Assert.That(() => LoraAdapter.Read(folder.Path), Refuses(last));
    }

    [Test]
    public void The_scale_of_a_LoRA()
    {
        using var folder = new TemporaryFolder();
        foreach (var beside in Directory.EnumerateFiles(Path.Combine(s_formats, "lora")))
            File.Copy(beside, folder.File(Path.GetFileName(beside)));
        File.WriteAllText(
            folder.File("adapter_config.json"),
            """{"peft_type": "LORA", "r": 4, "lora_alpha": 1e300, "target_modules": ["q_proj", "v_proj"]}"""
        );
        using var model = LoadedModel.Load(
            Path.Combine(RepositoryPaths.OwnReferences, "families", "llama", "optimum", "model.onnx")
        );

        Assert.That(
            () => AdapterFile.Read(folder.Path, model.Components),
            Throws.TypeOf<InterventionException>().With.Message.Contains("lora_alpha")
        );
    }

    [TestCaseSource(nameof(s_bad))]
    public void A_LoReFT(float bad)
    {
        using var folder = new TemporaryFolder();
        TorchFile.Write(
            folder.File("intkey.bin"),
            HostileSamples
                .Loreft()
                .Select(entry =>
                    KeyValuePair.Create(
                        entry.Key,
                        entry.Key == "learned_source.bias"
                            ? entry.Value with
                            {
                                Array = Broken(entry.Value.Array, bad),
                            }
                            : entry.Value
                    )
                )
        );

        Assert.That(() => LoreftWeights.Read(folder.File("intkey.bin")), Refuses("learned_source.bias"));
    }

    [TestCaseSource(nameof(s_bad))]
    public void A_control_vector(float bad)
    {
        using var folder = new TemporaryFolder();
        var vector = ControlVector.Read(Path.Combine(s_formats, "control_vector.gguf"));
        var broken = vector.Directions.SetItem(2, Broken(vector.Directions[2], bad));
        (vector with { Directions = broken }).Write(folder.File("v.gguf"));

        Assert.That(() => ControlVector.Read(folder.File("v.gguf")), Refuses("direction.2"));
        Assert.That(() => SteeringVectorFile.Read(folder.File("v.gguf"), [1]), Refuses("direction.2"));
    }

    [TestCaseSource(nameof(s_bad))]
    public void A_sparse_autoencoder(float bad)
    {
        var arrays = NpzFile.Read(Path.Combine(s_formats, "sae_params.npz"));
        var broken = arrays.SetItem("W_dec", Broken(arrays["W_dec"], bad));

        Assert.That(() => SparseAutoencoderWeights.From(broken, "a.npz"), Refuses("W_dec"));
    }

    [Test]
    public void An_adapter_of_ONNX_Runtimes()
    {
        using var folder = new TemporaryFolder();
        var adapter = HostileSamples.Adapter();
        With(float.NaN).Write(folder.File("a.onnx_adapter"));
        With(float.NegativeInfinity).Write(folder.File("bound.onnx_adapter"));

        Assert.That(
            () => OnnxAdapter.Read(folder.File("a.onnx_adapter")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("intervene/0/low")
        );
        // A clamp without a lower bound, baked as an adapter.
        Assert.That(OnnxAdapter.Read(folder.File("bound.onnx_adapter")).Parameters, Has.Count.EqualTo(4));

        OnnxAdapter With(float number) =>
            new(adapter.Parameters.Add("intervene/0/low", TensorData.FromFloats([1], [number])));
    }

    [TestCaseSource(nameof(s_bad))]
    public void A_constant_source_of_a_configuration(float bad)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("v.safetensors"), "v", NumericArray.Of(new[] { 1, bad }, 2));
        File.WriteAllText(
            folder.File("add.json"),
            """
            {"interventions":[{"kind":"Addition","component":"block_output","layer":0,"source":"v.safetensors#v"}]}
            """
        );

        Assert.That(
            () => RunFile.Read(folder.File("add.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("v.safetensors#v").And.Message.Contains("NaN")
        );
    }

    [TestCaseSource(nameof(s_bad))]
    public void A_parameter_of_a_saved_folder(float bad)
    {
        using var folder = new TemporaryFolder();
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 0,
                    Component = ComponentNames.MlpOutput,
                    InterventionType = InterventionType.Mean,
                },
            ],
        };
        ImmutableArray<Intervention> mean = [new MeanIntervention(NumericArray.Of(new[] { 1, bad }, 2))];
        InterventionFolder.Save(folder.Path, config, mean, [2], InterventionFileFormat.Safetensors);

        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws.TypeOf<InterventionException>().With.Message.Contains("intkey_").And.Message.Contains("NaN")
        );
    }

    [Test]
    public void A_clamp_may_have_one_bound_only()
    {
        using var folder = new TemporaryFolder();
        var clamp = new ClampIntervention(NumericArray.Of(new float[] { 1, 0 }, 2), float.NegativeInfinity, 3);
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 0,
                    Component = ComponentNames.MlpOutput,
                    Intervention = clamp,
                },
            ],
        };
        InterventionFolder.Save(folder.Path, config, [clamp], [2], InterventionFileFormat.Safetensors);

        var loaded = (ClampIntervention)InterventionFolder.Load(folder.Path).Representations[0].Intervention!;

        Assert.That(loaded.Low, Is.EqualTo(float.NegativeInfinity));
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string tensor) =>
        Throws.TypeOf<ModelFormatException>().With.Message.Contains($"'{tensor}'").And.Message.Contains("not finite");

    private static void Write(string path, string name, NumericArray array) =>
        SafetensorsFile.Write(path, new Dictionary<string, NumericArray> { [name] = array });

    private static NumericArray Broken(NumericArray array, float bad)
    {
        var numbers = array.Floats.ToArray();
        numbers[^1] = bad;
        return NumericArray.Of(numbers, array.Shape.AsSpan());
    }
}
