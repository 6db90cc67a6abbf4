using System.IO.Compression;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>The files that others write, of the references' folder "formats" (made for a model of width 64).</summary>
public sealed class AppendixFormatTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.OwnReferences, "formats");

    [Test]
    public void A_sparse_autoencoder_is_read()
    {
        var weights = SparseAutoencoderWeights.Read(Path.Combine(s_folder, "sae_params.npz"));

        Assert.That(weights.EncoderWeight.Shape, Is.EqualTo(new[] { 64, 192 }));
        Assert.That(weights.EncoderBias.Shape, Is.EqualTo(new[] { 192 }));
        Assert.That(weights.Threshold.Shape, Is.EqualTo(new[] { 192 }));
        Assert.That(weights.DecoderWeight.Shape, Is.EqualTo(new[] { 192, 64 }));
        Assert.That(weights.DecoderBias.Shape, Is.EqualTo(new[] { 64 }));
        Assert.That(weights.Threshold.Floats.ToArray(), Is.All.GreaterThanOrEqualTo(0).And.Some.Positive);
    }

    [Test]
    public void A_sparse_autoencoder_in_a_saved_intervention_is_read()
    {
        var path = TorchFileTests.SavedFiles().First(file => file.Contains("jumprelu", StringComparison.Ordinal));

        var weights = SparseAutoencoderWeights.From(
            TorchFile.Read(path).ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Array),
            path
        );

        Assert.That(weights.EncoderWeight.Shape, Is.EqualTo(new[] { 32, 64 }));
    }

    [Test]
    public void A_compressed_npz_file_is_read()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Write(folder.File("a.npy"), NumericArray.Of(new float[1000], 10, 100));
        using (var zip = new ZipArchive(File.Create(folder.File("a.npz")), ZipArchiveMode.Create))
            TorchArchive.Add(zip, "a.npy", File.ReadAllBytes(folder.File("a.npy")), CompressionLevel.Optimal);

        Assert.That(new FileInfo(folder.File("a.npz")).Length, Is.LessThan(400));
        Assert.That(NpzFile.Read(folder.File("a.npz"))["a"].Shape, Is.EqualTo(new[] { 10, 100 }));
    }

    [Test]
    public void A_npz_file_of_anything_else_or_without_an_array_is_refused()
    {
        using var folder = new TemporaryFolder();
        using (var zip = new ZipArchive(File.Create(folder.File("a.npz")), ZipArchiveMode.Create))
            TorchArchive.Add(zip, "a.txt", [1, 2, 3], CompressionLevel.NoCompression);
        NumpyFile.Write(folder.File("W_enc.npy"), NumericArray.Of(new float[6], 2, 3));
        using (var zip = new ZipArchive(File.Create(folder.File("b.npz")), ZipArchiveMode.Create))
            TorchArchive.Add(
                zip,
                "W_enc.npy",
                File.ReadAllBytes(folder.File("W_enc.npy")),
                CompressionLevel.NoCompression
            );

        Assert.That(
            () => NpzFile.Read(folder.File("a.npz")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("not a .npy file")
        );
        Assert.That(
            () => NpzFile.Read(folder.File("W_enc.npy")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("not a whole zip file")
        );
        Assert.That(
            () => SparseAutoencoderWeights.Read(folder.File("b.npz")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("no array 'b_enc'")
        );
    }

    [Test]
    public void A_shape_whose_product_overflows_is_refused()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Write(folder.File("a.npy"), NumericArray.Of(Array.Empty<float>(), 0));
        var bytes = File.ReadAllBytes(folder.File("a.npy"));
        "(2147483647,2147483647,2147483647,9), }"u8.CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf("(0"u8)));
        File.WriteAllBytes(folder.File("a.npy"), bytes);

        Assert.That(
            () => NumpyFile.Read(folder.File("a.npy")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("too large")
        );
    }

    [Test]
    public void A_LoRA_adapter_is_read()
    {
        var adapter = LoraAdapter.Read(Path.Combine(s_folder, "lora"));

        Assert.That(
            adapter.Modules.Select(module => module.Module),
            Is.EqualTo(
                from layer in Enumerable.Range(0, 4)
                from target in new[] { "q_proj", "v_proj" }
                select $"model.layers.{layer}.self_attn.{target}"
            )
        );
        Assert.That(adapter.Modules.Select(module => module.Layer), Is.EqualTo(new[] { 0, 0, 1, 1, 2, 2, 3, 3 }));
        Assert.That(adapter.Modules.Select(module => module.Scale), Is.All.EqualTo(2));
        Assert.That(adapter.Modules[1].Target, Is.EqualTo("v_proj"));
        Assert.That(adapter.Modules[1].A.Shape, Is.EqualTo(new[] { 4, 64 }));
        Assert.That(adapter.Modules[1].B.Shape, Is.EqualTo(new[] { 32, 4 }));
    }

    [TestCase("\"use_rslora\": true", 4.0)]
    [TestCase("\"alpha_pattern\": {\"q_proj\": 2}", 0.5)]
    [TestCase("\"alpha_pattern\": {\"roj\": 2}", 2.0)]
    [TestCase("\"alpha_pattern\": {\"^model.layers.0.self_attn.q_proj\": 4, \"q_proj\": 2}", 1.0)]
    [TestCase("\"r\": 4, \"rank_pattern\": {\"k_proj\": 2}, \"init_lora_weights\": \"gaussian\"", 2.0)]
    [TestCase("\"r\": 2, \"rank_pattern\": {\".*[qv]_proj\": 4}, \"init_lora_weights\": true", 2.0)]
    [TestCase("\"use_dora\": false, \"modules_to_save\": null, \"bias\": \"none\"", 2.0)]
    public void The_scale_of_a_LoRA_adapter_is_what_its_configuration_says(string option, double scale)
    {
        using var folder = new TemporaryFolder();
        WriteAdapter(folder, option);

        Assert.That(LoraAdapter.Read(folder.Path).Modules[0].Scale, Is.EqualTo(scale));
    }

    [TestCase("\"use_dora\": true", "use_dora")]
    [TestCase("\"modules_to_save\": [\"lm_head\"]", "modules_to_save")]
    [TestCase("\"bias\": \"all\"", "biases")]
    [TestCase("\"alpha_pattern\": {\"(a+)+$\": 2}", "regular expression")]
    [TestCase("\"r\": 8", "rank 4, but adapter_config.json says 8")]
    [TestCase("\"r\": 4, \"rank_pattern\": {\"q_proj\": 2}", "rank_pattern")]
    [TestCase("\"layer_replication\": [[0, 2], [1, 3]]", "layer_replication")]
    [TestCase("\"init_lora_weights\": \"pissa_niter_4\"", "pissa_niter_4")]
    [TestCase("\"peft_type\": \"IA3\"", "IA3")]
    [TestCase("[", "not JSON")]
    public void An_adapter_that_would_give_other_numbers_is_refused(string option, string message)
    {
        using var folder = new TemporaryFolder();
        WriteAdapter(folder, option);

        Assert.That(
            () => LoraAdapter.Read(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void An_adapter_with_other_tensors_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteAdapter(folder, "\"r\": 4");
        SafetensorsFile.Write(
            folder.File("adapter_model.safetensors"),
            new Dictionary<string, NumericArray>
            {
                ["base_model.model.h.0.attn.lora_magnitude_vector"] = NumericArray.Of(new float[2], 2),
            }
        );

        Assert.That(
            () => LoraAdapter.Read(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("lora_magnitude_vector")
        );
    }

    [Test]
    public void LoReFT_is_read_from_safetensors_and_from_torchs_files()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(s_folder, "formats.safetensors");
        var file = SafetensorsFile.Open(path);
        var arrays = file.Names.ToDictionary(name => name, file.Read);

        var first = LoreftWeights.From(arrays, path, "loreft/0/");
        var second = LoreftWeights.From(arrays, path, "loreft/1/");
        TorchFile.Write(
            folder.File("intkey_a.bin"),
            [
                new("learned_source.weight", TorchTensor.Of(first.Weight)),
                new("learned_source.bias", TorchTensor.Of(first.Bias)),
                new("rotate_layer", TorchTensor.Of(first.Rotation)),
            ]
        );

        Assert.That(first.Rotation.Shape, Is.EqualTo(new[] { 64, 4 }));
        Assert.That(second.Weight.Shape, Is.EqualTo(new[] { 2, 64 }));
        Assert.That(second.Bias.Shape, Is.EqualTo(new[] { 2 }));
        Assert.That(
            LoreftWeights.Read(folder.File("intkey_a.bin")).Rotation.Floats.SequenceEqual(first.Rotation.Floats)
        );
        Assert.That(file.Read("direction").Shape, Is.EqualTo(new[] { 64 }));
    }

    [Test]
    public void A_control_vector_is_read()
    {
        var vector = ControlVector.Read(Path.Combine(s_folder, "control_vector.gguf"));

        Assert.That(vector.ModelHint, Is.EqualTo("llama"));
        Assert.That(vector.Directions.Keys, Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(vector.Directions.Values.Select(direction => direction.Length), Is.All.EqualTo(64));
        Assert.That(vector.Directions[1].Floats[0], Is.EqualTo(BitConverter.UInt32BitsToSingle(0x3f82292a)));
    }

    [Test]
    public void Mutated_control_vectors_are_read_or_refused()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        using var folder = new TemporaryFolder();
        var seed = File.ReadAllBytes(Path.Combine(s_folder, "control_vector.gguf"));
        var refused = 0;
        for (var round = 0; round < 800; round++)
        {
            var bytes = (byte[])seed.Clone();
            for (var count = random.Next(1, 4); count > 0; count--)
                bytes[random.Next(320)] = (byte)(random.Next(2) == 0 ? random.Next(256) : 0xff);
            File.WriteAllBytes(folder.File("mutated"), round % 4 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            refused += Refuses(folder.File("mutated")) ? 1 : 0;
        }

        Assert.That(refused, Is.InRange(200, 799), $"seed {Seed}");
    }

    private static bool Refuses(string path)
    {
        try
        {
            ControlVector.Read(path);
            return false;
        }
        catch (ModelFormatException)
        {
            return true;
        }
    }

    private static void WriteAdapter(TemporaryFolder folder, string option)
    {
        var kind = option.Contains("peft_type", StringComparison.Ordinal) ? "" : "\"peft_type\": \"LORA\", ";
        File.WriteAllText(folder.File("adapter_config.json"), $"{{{kind}\"lora_alpha\": 8, {option}}}");
        File.Copy(
            Path.Combine(s_folder, "lora", "adapter_model.safetensors"),
            folder.File("adapter_model.safetensors"),
            overwrite: true
        );
    }
}
