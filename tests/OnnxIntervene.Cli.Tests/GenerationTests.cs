using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>generate, steer-train, steer and compare.</summary>
public sealed class GenerationTests
{
    private const string Salmon = "A young salmon is called a";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task A_text_is_written_as_it_comes_and_its_speed_to_the_error_stream()
    {
        var (output, error, exit) = await Command.RunAsync("generate", "--prompt", Salmon, "--max-tokens", "8");

        Assert.That(exit, Is.Zero, error);
        Assert.That(output.Trim(), Is.EqualTo("fry."));
        Assert.That(error, Does.Contain("tokens, the first after"));
    }

    [Test]
    public async Task A_swap_of_the_prompt_changes_what_is_generated()
    {
        var config = _folder.File("swap.json");
        await File.WriteAllTextAsync(
            config,
            """
            {"representations": [{"layer": 0, "component": "block_output", "intervention_type": "VanillaIntervention"}],
             "unit_locations": {"sources->base": [[[[3, 4]]], [[[3, 4]]]]}}
            """
        );

        var result = await Json(
            "generate",
            "--prompt",
            Salmon,
            "--source",
            "A young elephant is called a",
            "--config",
            config
        );

        Assert.That(result[0].GetProperty("text").GetString(), Is.EqualTo(" chick."), "what run ranks first");
        Assert.That(result[0].GetProperty("finish").GetString(), Is.EqualTo("stop"));
    }

    [Test]
    public async Task A_vector_is_trained_compared_and_steered_with()
    {
        var (pairs, vector) = (_folder.File("pairs.jsonl"), _folder.File("vector.safetensors"));
        await File.WriteAllLinesAsync(
            pairs,
            [
                $$"""{"positive": "A young elephant is called a", "negative": "{{Salmon}}"}""",
                """{"positive": "A young whale is called a", "negative": "A young trout is called a"}""",
            ]
        );

        var trained = await Json("steer-train", "--pairs", pairs, "--layers", "3-4", "--out", vector);
        var compared = await Json(
            "compare",
            "--prompt",
            Salmon,
            "--vector",
            vector,
            "--layers",
            "4",
            "--coefficients",
            "0,1"
        );
        var steered = await Json("steer", "--prompt", Salmon, "--vector", vector, "--layers", "4");

        Assert.That(trained.GetProperty("layers").GetArrayLength(), Is.EqualTo(2));
        Assert.That(trained.GetProperty("layers")[0].GetProperty("separation").GetDouble(), Is.EqualTo(1));
        Assert.That(TextOf(compared[0].GetProperty("generated")), Is.EqualTo(" fry."));
        Assert.That(TextOf(steered[0].GetProperty("before")), Is.EqualTo(" fry."));
        Assert.That(
            TextOf(steered[0].GetProperty("after")),
            Is.EqualTo(TextOf(compared[1].GetProperty("generated"))).And.EqualTo(" calf.")
        );
    }

    [TestCase("Give one of --prompt, --prompt-ids and --prompts", "generate")]
    [TestCase("--top-k goes with --temperature", "generate", "--prompt", Salmon, "--top-k", "3")]
    [TestCase("--coefficient goes with --vector", "generate", "--prompt", Salmon, "--coefficient", "3")]
    [TestCase("Give --vector or --config", "steer", "--prompt", Salmon)]
    public async Task A_request_that_makes_no_sense_is_refused(string message, params string[] arguments)
    {
        var (_, error, exit) = await Command.RunAsync(arguments);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error.ReplaceLineEndings(" "), Does.Contain(message));
    }

    private static string? TextOf(JsonElement text) => text.GetProperty("text").GetString();

    private static async Task<JsonElement> Json(params string[] arguments)
    {
        var (output, error, exit) = await Command.RunAsync([.. arguments, "--json"]);
        Assert.That(exit, Is.Zero, error);
        return JsonDocument.Parse(output).RootElement;
    }
}
