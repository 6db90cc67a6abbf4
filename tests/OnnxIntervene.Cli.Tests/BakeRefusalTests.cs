using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>What does not fit the model is refused before anything is written, with what to do.</summary>
public sealed class BakeRefusalTests
{
    private static readonly string s_lora = Path.Combine(RepositoryPaths.OwnReferences, "formats", "lora");
    private static readonly string s_vector = Path.Combine(
        RepositoryPaths.OwnReferences,
        "formats",
        "control_vector.gguf"
    );

    [Test]
    public async Task An_adapter_for_another_model([Values("--spliced", "--folded", "--adapter")] string form)
    {
        await Refuses(Family("mistral/optimum"), s_lora, [form, "--layer", "1"], "64", "32");
        await Refuses(Family("mistral/optimum"), s_vector, [form, "--layer", "1"], "64", "32");
        await Refuses(Family("qwen2/optimum"), s_lora, [form], "no layer 3");
        await Refuses(Family("bert/optimum"), s_lora, [form], "64", "32");
    }

    [Test]
    public async Task A_file_of_tensors_for_the_inputs_of_one_model()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File($"joy{OnnxAdapter.Extension}");
        new OnnxAdapter(
            ImmutableSortedDictionary<string, TensorData>.Empty.Add(
                "intervene/L1/source",
                TensorData.FromFloats([1, 1, 64], new float[64])
            )
        ).Write(path);

        await Refuses(Family("llama/optimum"), path, ["--spliced"], "intervene/L1/source", "bake the vector");
    }

    [Test]
    public async Task Weights_that_layers_share()
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Load(Path.Combine(Family("llama/optimum"), "model.onnx"));
        var (first, second) = (Values(model, 0), Values(model, 1));
        second.SetInput(1, first.Inputs[1]);
        OnnxFile.Save(model, folder.File("model.onnx"));

        await Refuses(
            folder.Path,
            s_lora,
            ["--folded"],
            "are shared with",
            second.Name,
            "--copy-shared",
            "(--spliced)"
        );
        foreach (var arguments in new string[][] { ["--folded", "--copy-shared"], ["--spliced"] })
        {
            using var output = new TemporaryFolder();
            var (_, error, exit) = await Bake(folder.Path, s_lora, output, arguments);

            Assert.That(exit, Is.Zero, error);
        }
    }

    private static Node Values(Model model, int layer) =>
        model.Graph.Nodes.Single(node =>
            node.Name.Contains($"layers.{layer}/self_attn/v_proj/MatMul", StringComparison.Ordinal)
        );

    private static async Task Refuses(string model, string vector, string[] form, params string[] words)
    {
        using var folder = new TemporaryFolder();
        var (output, error, exit) = await Bake(model, vector, folder, form);

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(output, Is.Empty);
        foreach (var word in words)
            Assert.That(error, Does.Contain(word));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    private static Task<(string Output, string Error, int Exit)> Bake(
        string model,
        string vector,
        TemporaryFolder folder,
        params string[] form
    ) => Command.RunAsync(["bake", model, "--vector", vector, .. form, "--out", folder.File("out")]);

    private static string Family(string export) => Path.Combine(RepositoryPaths.OwnReferences, "families", export);
}
