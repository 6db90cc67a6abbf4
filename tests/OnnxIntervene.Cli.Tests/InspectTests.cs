using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>What <c>inspect</c> shows and writes, and the map that every command takes.</summary>
public sealed class InspectTests
{
    private static readonly string s_families = Path.Combine(RepositoryPaths.OwnReferences, "families");

    [Test]
    public void Layers_that_are_alike_are_shown_once_and_unfolded_when_asked_for()
    {
        var folded = Command.Invoke("inspect", RepositoryPaths.DefaultModel).Output;
        var unfolded = Command.Invoke("inspect", RepositoryPaths.DefaultModel, "--layers", "2").Output;
        using var json = JsonDocument.Parse(Command.Invoke("inspect", RepositoryPaths.DefaultModel, "--json").Output);

        Assert.That(Layers(folded), Is.EqualTo(new[] { "0-5" }));
        Assert.That(Layers(unfolded), Is.EqualTo(new[] { "0-1", "2", "3-5" }));
        Assert.That(
            json.RootElement.GetProperty("components")
                .EnumerateArray()
                .Select(item => item.GetProperty("layer").GetInt32()),
            Is.SupersetOf(Enumerable.Range(0, 6))
        );

        static IEnumerable<string> Layers(string text) =>
            text.Split('\n')
                .Where(line => line.Contains(" mlp_output "))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
    }

    [Test]
    public void Structure_shows_layers_and_what_is_nearest()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(s_families, "gpt2", "optimum", "model.onnx"), folder.File("model.onnx"));
        File.WriteAllText(folder.File("config.json"), """{"n_embd": 48}""");

        var text = Command.Invoke("inspect", folder.Path, "--structure").Output;
        using var json = JsonDocument.Parse(Command.Invoke("inspect", folder.Path, "--structure", "--json").Output);

        Assert.That(text, Does.Contain("feed-forward").And.Contain("32 → 128, 128 → 32"));
        Assert.That(
            text,
            Does.Contain("block_output of layer 3")
                .And.Contain("config.json says n_embd = 48")
                .And.Contain("addition of two computed tensors")
        );
        Assert.That(json.RootElement.GetProperty("structure").GetProperty("not_found").GetArrayLength(), Is.EqualTo(8));
        Assert.That(
            json.RootElement.GetProperty("structure").GetProperty("layers")[3].GetProperty("parts").GetArrayLength(),
            Is.EqualTo(2)
        );
    }

    [Test]
    public void Structure_of_an_unknown_graph_lists_what_stands_out()
    {
        var text = Command
            .Invoke(
                "inspect",
                Path.Combine(RepositoryPaths.OwnReferences, "ort_training", "forward.onnx"),
                "--structure"
            )
            .Output;

        Assert.That(
            text,
            Does.Contain("No layers are recognised")
                .And.Contain("repeats 2 operators 2 times: Gemm Relu")
                .And.Contain("output of a linear layer 16 → 16")
        );
    }

    [Test]
    public void Stacks_beside_each_other_are_listed_and_taken_by_name()
    {
        using var folder = new TemporaryFolder();
        var pair = Path.Combine(RepositoryPaths.OwnReferences, "structure", "encoder-decoder");
        string[] collect =
        [
            "collect",
            pair,
            "--base-file",
            Path.Combine(pair, "inputs.safetensors"),
            "--out",
            folder.File("values.safetensors"),
            "--json",
            "--component",
        ];

        var text = Command.Invoke("inspect", pair).Output;
        using var json = JsonDocument.Parse(Command.Invoke("inspect", pair, "--json").Output);
        var both = Command.Invoke([.. collect, "encoder.block_output"]).Output;
        var one = Command.Invoke([.. collect, "encoder.1.block_output"]).Output;

        Assert.That(text, Does.Contain("2 stacks of layers: encoder (2 layers), decoder (2 layers, meant where no"));
        Assert.That(
            json.RootElement.GetProperty("stacks").EnumerateArray().Select(stack => $"{stack.GetProperty("name")}"),
            Is.EqualTo(new[] { "encoder", "decoder" })
        );
        Assert.That(both, Does.Contain("encoder.block_output.0").And.Contain("encoder.block_output.1"));
        Assert.That(one, Does.Contain("encoder.block_output.1").And.Not.Contain("encoder.block_output.0"));
        Assert.That(
            () => Command.Invoke([.. collect, "text.block_output"]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no stack of layers 'text'")
        );
    }

    [Test]
    public void Tensors_lists_every_name_with_type_and_shape()
    {
        var model = Path.Combine(s_families, "t5-decoder", "optimum-merged");

        var text = Command.Invoke("inspect", model, "--tensors").Output;
        using var json = JsonDocument.Parse(Command.Invoke("inspect", model, "--tensors", "--json").Output);

        var tensors = json
            .RootElement.GetProperty("tensors")
            .EnumerateArray()
            .ToDictionary(tensor => (tensor.GetProperty("name").GetString(), tensor.GetProperty("branch").GetString()));
        Assert.That(
            text.ReplaceLineEndings("\n").Split('\n'),
            Does.Contain("input_ids\tInt64\t[batch_size, decoder_sequence_length]\tinput")
        );
        Assert.That(tensors[("input_ids", null)].GetProperty("type").GetString(), Is.EqualTo("Int64"));
        Assert.That(tensors[("input_ids", null)].GetProperty("shape")[0].GetString(), Is.EqualTo("batch_size"));
        Assert.That(tensors.Keys.Count(key => key.Item2 is not null), Is.GreaterThan(500));
    }

    [Test]
    public void A_map_is_written_edited_and_taken_by_every_command_that_takes_a_model()
    {
        using var folder = new TemporaryFolder();
        var map = folder.File("map.json");
        Command.Invoke("inspect", RepositoryPaths.DefaultModel, "--write-map", map);
        var text = File.ReadAllText(map);
        File.WriteAllText(
            map,
            text.Replace("\"component\":\"mlp_output\"", "\"component\":\"feed_forward\"", StringComparison.Ordinal)
        );

        using var json = JsonDocument.Parse(
            Command.Invoke("inspect", RepositoryPaths.DefaultModel, "--map", map, "--json").Output
        );
        Command.Invoke(
            "collect",
            RepositoryPaths.DefaultModel,
            "--map",
            map,
            "--component",
            "feed_forward",
            "--component",
            "mlp_output",
            "--base",
            "The Space Needle",
            "--out",
            folder.File("a.safetensors")
        );
        var file = Formats.SafetensorsFile.Open(folder.File("a.safetensors"));

        Assert.That(json.RootElement.GetProperty("components").GetArrayLength(), Is.EqualTo(108));
        Assert.That(file.Read("feed_forward.5").Floats.SequenceEqual(file.Read("mlp_output.5").Floats));
        foreach (var command in new[] { "run", "trace", "patch" })
            Assert.That(Command.Invoke(command, "--help").Output, Does.Contain("--map"));
    }

    [TestCase(
        "{\"components\": [{\"layer\": 0, \"component\": \"block_output\", \"tensor\": \"nowhere\"}]}",
        "$.components[0].tensor"
    )]
    [TestCase("{\"components\": [{\"layer\": 0, \"colour\": \"red\"}]}", "$.components[0].colour")]
    public void A_map_that_does_not_fit_is_refused_by_its_place(string text, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("map.json"), text);

        Assert.That(
            () =>
                Command.Invoke(
                    "collect",
                    "--map",
                    folder.File("map.json"),
                    "--component",
                    "block_output",
                    "--base",
                    "The",
                    "--out",
                    folder.File("a.npy")
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );
        Assert.That(
            () => Command.Invoke("inspect", "--map", folder.File("none.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("none.json")
        );
        Assert.That(File.Exists(folder.File("a.npy")), Is.False);
    }
}
