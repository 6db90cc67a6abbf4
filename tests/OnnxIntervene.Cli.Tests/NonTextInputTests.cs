using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Models that read images, features or states, fed from files.</summary>
public sealed class NonTextInputTests
{
    private const string Swap =
        """{"representations": [{"layer": 1, "component": "block_output", "intervention_type": "VanillaIntervention"}]}""";
    private const string Step =
        """{"representations": [{"layer": 0, "component": "cell_output", "unit": "t", "intervention_type": "VanillaIntervention"}], "unit_locations": {"sources->base": 2}}""";

    [TestCase("vit/optimum", Swap, "LABEL_", "logits [2, 7]")]
    [TestCase("mlp/torchscript", Swap, "Example 3", "logits [4, 3]")]
    [TestCase("whisper-encoder/torchscript", Swap, "largest difference", "last_hidden_state [2, 10, 32]")]
    [TestCase("gru/gru-op", Step, "largest difference", "hidden [3, 5, 12]")]
    [TestCase("gru/unrolled", Step, "changed elements    108 of 180", "hidden [3, 5, 12]")]
    public void Run_shows_what_became_of_an_output_that_ranks_no_tokens(
        string export,
        string config,
        string text,
        string output
    )
    {
        using var folder = new TemporaryFolder();
        var arguments = Arguments(folder, export, config);

        var shown = Command.Invoke(arguments).Output;
        using var json = JsonDocument.Parse(
            Command.Invoke([.. arguments, "--json", "--out", folder.File("out.safetensors")]).Output
        );

        var difference = json.RootElement.GetProperty("difference");
        var saved = SafetensorsFile.Open(folder.File("out.safetensors"));
        var name = json.RootElement.GetProperty("output").GetString()!;
        var (before, after) = (saved.Read(name + ".before"), saved.Read(name));
        Assert.That(shown, Does.Contain(text).And.Contain(output));
        Assert.That(difference.GetProperty("largest").GetDouble(), Is.GreaterThan(0.1));
        Assert.That(
            Difference.Largest(before.Floats, after.Floats),
            Is.EqualTo(difference.GetProperty("largest").GetDouble()).Within(1e-6)
        );
    }

    [Test]
    public void Run_of_a_decoder_takes_tokens_and_a_file_together()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), Swap);
        var states = Family("t5-decoder").Inputs("b0").Arrays["encoder_hidden_states"].Row(0);
        NumpyFile.Write(folder.File("states.npy"), states.Reshape([1, .. states.Shape]));

        var (output, _) = Command.Invoke(
            "run",
            Model("t5-decoder/optimum"),
            "--config",
            folder.File("config.json"),
            "--base-ids",
            "1,2,3",
            "--base-file",
            folder.File("states.npy"),
            "--source-ids",
            "4,5,6",
            "--source-file",
            folder.File("states.npy"),
            "--out",
            folder.File("out.npy")
        );

        Assert.That(output, Does.Contain("before").And.Contain("out.npy"));
        Assert.That(NumpyFile.Read(folder.File("out.npy")).Shape[1], Is.EqualTo(3));
    }

    [Test]
    public void Collect_reads_an_array_from_an_npy_file()
    {
        using var folder = new TemporaryFolder();
        var family = Family("vit");
        NumpyFile.Write(folder.File("image.npy"), family.Inputs("b0").Arrays["pixel_values"]);

        Command.Invoke(
            "collect",
            Model("vit/optimum"),
            "--component",
            "block_output",
            "--base-file",
            folder.File("image.npy"),
            "--out",
            folder.File("values.safetensors")
        );

        var file = SafetensorsFile.Open(folder.File("values.safetensors"));
        Assert.That(file.Names, Is.EqualTo(new[] { "block_output.0", "block_output.1", "block_output.2" }));
        Assert.That(file.Shape("block_output.0")[2], Is.EqualTo(32));
    }

    [Test]
    public void What_does_not_fit_together_is_refused()
    {
        using var folder = new TemporaryFolder();
        var arguments = Arguments(folder, "vit/optimum", Swap);

        Assert.That(
            () => Command.Invoke("run", Model("vit/optimum"), "--config", folder.File("config.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("--base-file")
        );
        Assert.That(
            () => Command.Invoke([.. arguments, "--out", "out.txt"]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("out.txt")
        );
        Assert.That(
            () => Command.Invoke([.. arguments, "--source-ids", "1", "--source-ids", "2"]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("1 files for 2 sources")
        );
    }

    private static string[] Arguments(TemporaryFolder folder, string export, string config)
    {
        File.WriteAllText(folder.File("config.json"), config);
        var family = Family(export.Split('/')[0]);
        foreach (var name in new[] { "b0", "s0" })
            SafetensorsFile.Write(folder.File($"{name}.safetensors"), family.Inputs(name).Arrays);
        return
        [
            "run",
            Model(export),
            "--config",
            folder.File("config.json"),
            "--base-file",
            folder.File("b0.safetensors"),
            "--source-file",
            folder.File("s0.safetensors"),
        ];
    }

    private static ReferenceFamily Family(string name) =>
        ReferenceFamily.All(RepositoryPaths.OwnReferences).Single(family => family.Name == name);

    private static string Model(string export) => Path.Combine(RepositoryPaths.OwnReferences, "families", export);
}
