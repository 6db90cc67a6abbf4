using System.Text.Json;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Checks of the default model, and what later commands make of them.</summary>
[NonParallelizable]
public sealed class CheckCommandTests
{
    private const string Folder = "ONNX_INTERVENE_CACHE";
    private static readonly string s_gpt2 = Path.Combine(
        RepositoryPaths.OwnReferences,
        "families",
        "gpt2",
        "optimum",
        "model.onnx"
    );
    private string? _before;
    private TemporaryFolder _cache = null!;

    [SetUp]
    public void UseACacheOfOurOwn()
    {
        _before = Environment.GetEnvironmentVariable(Folder);
        _cache = new TemporaryFolder();
        Environment.SetEnvironmentVariable(Folder, _cache.Path);
    }

    [TearDown]
    public void UseTheUsersCache()
    {
        Environment.SetEnvironmentVariable(Folder, _before);
        _cache.Dispose();
    }

    [Test]
    public async Task Every_component_of_the_default_model_is_proved()
    {
        var (output, error, exit) = await Command.RunAsync("check", RepositoryPaths.DefaultModel);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("102 of 102 components are proved, 0 are contradicted."));
    }

    [Test]
    public async Task Texts_are_run_in_pairs_and_findings_are_printed_as_json()
    {
        using var folder = new TemporaryFolder();
        var prompts = folder.File("prompts.txt");
        await File.WriteAllLinesAsync(
            prompts,
            ["The company Volvo makes cars in the city of", "A young salmon is called a fry by the people who"]
        );

        var (output, error, exit) = await Command.RunAsync(
            "check",
            RepositoryPaths.DefaultModel,
            "--prompts",
            prompts,
            "--json"
        );

        using var json = JsonDocument.Parse(output);
        Assert.That(exit, Is.Zero, error);
        Assert.That(json.RootElement.GetProperty("sound").GetBoolean());
        Assert.That(json.RootElement.GetProperty("contradicted").GetArrayLength(), Is.Zero);
        Assert.That(json.RootElement.GetProperty("laws").GetArrayLength(), Is.GreaterThan(100));
    }

    [Test]
    public async Task A_map_that_is_wrong_is_contradicted_and_leaves_no_record()
    {
        using var folder = new TemporaryFolder();
        var map = folder.File("map.json");
        await File.WriteAllTextAsync(
            map,
            """
            {"components": [{"layer": 1, "component": "query_output",
              "tensor": "/transformer/h.1/ln_1/LayerNormalization_output_0", "width": 32}]}
            """
        );

        var wrong = await Command.RunAsync("check", s_gpt2, "--map", map);

        Assert.That(wrong.Exit, Is.EqualTo(1));
        Assert.That(wrong.Output, Does.Contain("Contradicted in layer 1"));
        Assert.That(CheckRecordFile.Find(s_gpt2).Components, Is.Empty);
    }

    [Test]
    public async Task What_a_check_contradicted_is_not_given_out_until_a_map_names_it()
    {
        CheckRecordFile.Write(
            s_gpt2,
            new CheckRecord([
                new CheckedComponent(
                    new ComponentAddress(1, "block_output"),
                    "/transformer/h.1/Add_1_output_0",
                    "it is not so"
                ),
            ])
        );

        var (output, _, _) = await Command.RunAsync("inspect", s_gpt2, "--json");

        using var json = JsonDocument.Parse(output);
        var lost = json.RootElement.GetProperty("not_found").EnumerateArray().Single();
        Assert.That(lost.GetProperty("component").GetString(), Is.EqualTo("block_output"));
        Assert.That(lost.GetProperty("reason").GetString(), Is.EqualTo("a check contradicted it: it is not so"));
    }
}
