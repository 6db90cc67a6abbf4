using OnnxIntervene.Execution;
using OnnxIntervene.Hub;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Hub;

/// <summary>Models on the Hub run from the cache, whose files are links.</summary>
public sealed class HubModelTests
{
    private static readonly IntervenableConfig s_swap = new()
    {
        Representations =
        [
            new()
            {
                Layer = 1,
                Component = "block_output",
                InterventionType = InterventionType.Vanilla,
            },
        ],
    };

    [TestCase("", true)]
    [TestCase("onnx/", true)]
    [TestCase("", false)]
    public async Task A_model_with_external_data_runs_from_the_cache(string folder, bool usesLinks)
    {
        using var bench = new HubBench();
        bench.Options = bench.Options with { UsesLinks = usesLinks };
        var (model, data) = WithExternalData();
        bench.Hub.Add(
            "owner/name",
            ($"{folder}model.onnx", model),
            ($"{folder}model.onnx_data", data),
            ($"{folder}model_fp16.onnx", model),
            ($"{folder}model_fp16.onnx_data", [1]),
            ("tokenizer.json", Default("tokenizer.json"))
        );

        var path = await bench.ModelAsync("hf:owner/name");

        Assert.That(Path.GetRelativePath(bench.Cache("snapshots"), path), Does.EndWith($"{folder}model.onnx"));
        Assert.That(bench.Hub.Asked("fp16"), Is.Empty);
        Assert.That(
            Logits(path, s_swap),
            Is.EqualTo(Logits(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), s_swap))
        );
        Assert.That(Logits(path, s_swap), Is.Not.EqualTo(Logits(path, IntervenableConfig.Empty)));
    }

    [Test]
    public async Task Offline_the_model_is_found_in_the_cache()
    {
        using var bench = new HubBench();
        bench.Hub.Add("owner/name", ("onnx/model.onnx", [1, 2]), ("config.json", "{}"u8.ToArray()));
        var online = await bench.ModelAsync("hf:owner/name");
        bench.Options = bench.Options with { IsOffline = true };

        Assert.That(await bench.ModelAsync("hf:owner/name"), Is.EqualTo(online));
        Assert.That(await bench.ModelAsync("hf:owner/name/onnx/model.onnx"), Is.EqualTo(online));
    }

    [TestCase("hf:owner/name", new[] { "a.onnx", "b.onnx" }, "name one of a.onnx, b.onnx")]
    [TestCase("hf:owner/name/b.onnx", new[] { "a.onnx", "b.onnx" }, null)]
    [TestCase("hf:owner/name/fp16", new[] { "model.onnx", "fp16/x.onnx" }, null)]
    [TestCase("hf:owner/name", new[] { "x.safetensors" }, "holds no .onnx file")]
    public void A_repository_of_several_models_wants_to_know_which(string reference, string[] paths, string? message)
    {
        var parsed = HubReference.Parse(reference);
        if (message is null)
            Assert.That(HubModelFiles.Choose(parsed, paths), Is.EqualTo(paths[1]));
        else
            Assert.That(
                () => HubModelFiles.Choose(parsed, paths),
                Throws.TypeOf<InterventionException>().With.Message.Contains(message)
            );
    }

    [Test]
    public void A_folder_that_was_pulled_has_its_model_in_onnx_and_its_tokenizer_above()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("onnx"));
        File.WriteAllBytes(folder.File("onnx/model.onnx"), [1]);
        File.WriteAllBytes(folder.File("tokenizer.json"), Default("tokenizer.json"));

        Assert.That(
            ModelFile.Find(folder.Path),
            Is.EqualTo(new ModelFile(folder.File("onnx/model.onnx"), folder.Path))
        );
        Assert.That(ModelFile.Find(folder.File("onnx/model.onnx")).Folder, Is.EqualTo(folder.Path));
    }

    private static float[] Logits(string path, IntervenableConfig config)
    {
        using var model = IntervenableModel.Load(path, config);
        var sources = config.Representations.Length > 0 ? new[] { model.Tokenize("The company Volvo makes") } : null;
        return model.Run(model.Tokenize("The company Adidas makes"), sources).Intervened.Logits.FloatMemory.ToArray();
    }

    // The default model again, as exporters write large ones: a small graph, and its weights in a file beside it.
    private static (byte[] Model, byte[] Data) WithExternalData()
    {
        using var folder = new TemporaryFolder();
        var data = Default("model.onnx");
        File.WriteAllBytes(folder.File("model.onnx_data"), data);
        return (OnnxFile.Reference(OnnxFile.Load(folder.File("model.onnx_data"))).Bytes.ToArray(), data);
    }

    private static byte[] Default(string name) => File.ReadAllBytes(Path.Combine(RepositoryPaths.DefaultModel, name));
}
