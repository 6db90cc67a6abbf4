using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Tensors;
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
    public async Task What_is_collected_while_generating_is_what_collect_reads_of_the_prompt()
    {
        var (whole, grown) = (_folder.File("whole.safetensors"), _folder.File("grown.safetensors"));
        string[] collect =
        [
            "collect",
            "--component",
            "block_output",
            "--layers",
            "1",
            "--base",
            Salmon,
            "--out",
            whole,
        ];
        await Command.RunAsync(collect);

        var (output, error, exit) = await Command.RunAsync([
            "generate",
            "--prompt",
            Salmon,
            "--collect",
            "block_output",
            "--collect-layers",
            "1",
            "--out",
            grown,
        ]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output.Trim(), Is.EqualTo("fry."));
        Assert.That(error, Does.Contain($"Wrote {grown}"));
        var (expected, actual) = (SafetensorsFile.Open(whole), SafetensorsFile.Open(grown));
        var (values, length) = (actual.Read("block_output.1"), expected.Read("block_output.1").Shape[1]);
        Assert.That(values.Shape[1], Is.GreaterThan(length));
        Assert.That(actual.Read("positions").Integers.ToArray(), Is.EqualTo(Enumerable.Range(0, values.Shape[1])));
        Assert.That(
            actual.Read("input_ids").Integers[..length].ToArray(),
            Is.EqualTo(expected.Read("input_ids").Integers.ToArray())
        );
        Assert.That(
            values.Floats[..(length * values.Shape[2])].ToArray(),
            Is.EqualTo(expected.Read("block_output.1").Floats.ToArray()).Within(1e-4)
        );
    }

    [Test]
    public async Task Collecting_goes_along_with_interventions_and_their_sources()
    {
        var (config, file) = (_folder.File("swap.json"), _folder.File("grown.safetensors"));
        const string Swap = """{"layer": 0, "component": "block_output", "intervention_type": "VanillaIntervention"}""";
        await File.WriteAllTextAsync(
            config,
            $$"""{"representations": [{{Swap}}], "unit_locations": {"sources->base": [[[[3, 4]]], [[[3, 4]]]]} }"""
        );
        string[] steering = ["--source", "A young elephant is called a", "--config", config];
        string[] collecting =
        [
            "--collect",
            "block_output",
            "--collect-layers",
            "0-1",
            "--phase",
            "prompt",
            "--out",
            file,
        ];

        var (output, error, exit) = await Command.RunAsync([
            "generate",
            "--prompt",
            Salmon,
            "--prompt",
            "A young",
            .. collecting,
        ]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Is.Not.Empty);
        var names = SafetensorsFile.Open(file).Names.ToList();
        Assert.That(names, Has.Member("text.0.block_output.1").And.Member("text.1.positions").And.Count.EqualTo(8));

        var result = await Json(["generate", "--prompt", Salmon, .. steering, .. collecting]);

        var prompt = result[0].GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt64());
        Assert.That(result[0].GetProperty("text").GetString(), Is.EqualTo(" chick."));
        Assert.That(SafetensorsFile.Open(file).Read("input_ids").Integers.ToArray(), Is.EqualTo(prompt));
    }

    [TestCase("--collect and --out go together", "--collect", "block_output")]
    [TestCase("--collect-layers goes with --collect", "--collect-layers", "1")]
    [TestCase("the file must end in .safetensors", "--collect", "block_output", "--out", "values.npy")]
    public async Task What_cannot_be_collected_is_refused(string message, params string[] options)
    {
        var (_, error, exit) = await Command.RunAsync(["generate", "--prompt", Salmon, .. options]);

        Assert.That(exit, Is.Not.Zero);
        Assert.That(error, Does.Contain(message));
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

    [TestCase("--when-above", "-1e6", " calf.")]
    [TestCase("--when-above", "1e6", " fry.")]
    [TestCase("--when-below", "-1e6", " fry.")]
    [TestCase("--clamp", ":1e6", " fry.")]
    [TestCase("--clamp", "60", " calf.")]
    public async Task A_vector_acts_where_and_how_it_is_said(string option, string value, string expected)
    {
        var (pairs, vector) = (_folder.File("pairs.jsonl"), _folder.File("vector.safetensors"));
        await File.WriteAllTextAsync(
            pairs,
            $$"""{"positive": "A young elephant is called a", "negative": "{{Salmon}}"}"""
        );
        await Json("steer-train", "--pairs", pairs, "--layers", "4", "--out", vector);

        var steered = await Json("generate", "--prompt", Salmon, "--vector", vector, option, value);

        Assert.That(TextOf(steered[0]), Is.EqualTo(expected));
    }

    [TestCase("--clamp: 1 is above 0", "--clamp", "1:0")]
    [TestCase("'x' is neither LOW:HIGH nor a number", "--clamp", "x")]
    [TestCase("'::' is neither", "--clamp", "::")]
    [TestCase("'1,5' is neither", "--clamp", "1,5")]
    [TestCase("A clamp adds nothing", "--clamp", "1", "--keep-norm")]
    [TestCase("--when-above: NaN is not a finite number", "--when-above", "NaN")]
    [TestCase("needs a threshold", "--along", "V")]
    [TestCase("not both", "--when-above", "1", "--when-below", "0")]
    [TestCase("no direction for layer 7", "--layers", "7")]
    [TestCase("a clamp adds nothing", "--clamp", "1", "--coefficient", "2")]
    public async Task A_manner_that_makes_no_sense_is_refused(string message, params string[] manner)
    {
        var vector = _folder.File("vector.safetensors");
        SafetensorsFile.Write(
            vector,
            new Dictionary<string, NumericArray> { ["block_output.2"] = NumericArray.Of(new float[192], 192) }
        );

        var (_, error, exit) = await Command.RunAsync([
            "generate",
            "--prompt",
            Salmon,
            "--vector",
            vector,
            .. manner.Select(word => word == "V" ? vector : word),
        ]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error.ReplaceLineEndings(" "), Does.Contain(message));
    }

    [Test]
    public async Task A_search_shows_effect_against_cost()
    {
        var (pairs, vector, neutral) = (
            _folder.File("pairs.jsonl"),
            _folder.File("vector.safetensors"),
            _folder.File("neutral.txt")
        );
        await File.WriteAllTextAsync(
            pairs,
            $$"""{"positive": "A young elephant is called a", "negative": "{{Salmon}}"}"""
        );
        await File.WriteAllTextAsync(neutral, "The company Volvo makes cars.\nThe Space Needle is in Seattle.\n");
        await Json("steer-train", "--pairs", pairs, "--layers", "3-4", "--out", vector);
        string[] search =
        [
            "steer-search",
            "--vector",
            vector,
            "--prompt",
            Salmon,
            "--words",
            "calf",
            "--coefficients",
            "0.5,1",
            "--neutral",
            neutral,
            "--most-cost",
            "100",
            "--out",
            _folder.File("out"),
        ];

        var result = await Json(search);
        var (output, error, exit) = await Command.RunAsync(search);

        var best = result.GetProperty("best");
        Assert.That(result.GetProperty("cells").GetArrayLength(), Is.EqualTo(4));
        Assert.That(best.GetProperty("word_probability").GetDouble(), Is.GreaterThan(0.5));
        Assert.That(best.GetProperty("cost").GetDouble(), Is.Positive);
        Assert.That(result.GetProperty("unsteered").GetProperty("word_probability").GetDouble(), Is.LessThan(0.5));
        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("Effect and cost of each cell").And.Contain("greatest effect at 100"));
        Assert.That(File.Exists(_folder.File("out/steer-search-effect-against-cost.png")));
        Assert.That(Directory.GetFiles(_folder.File("out"), "*.jsonl"), Is.Empty, "the journal");
    }

    [Test]
    public async Task An_adapter_steers_as_a_vector_does()
    {
        var model = Path.Combine(RepositoryPaths.OwnReferences, "families", "llama", "optimum");
        var adapter = Path.Combine(RepositoryPaths.OwnReferences, "formats", "lora");
        var autoencoder = Path.Combine(RepositoryPaths.OwnReferences, "formats", "sae_params.npz");
        string[] prompt = [model, "--prompt-ids", "5,9,23", "--max-tokens", "4", "--ignore-eos"];

        var steered = await Json(["steer", .. prompt, "--vector", adapter]);
        var off = await Json(["steer", .. prompt, "--vector", adapter, "--coefficient", "0"]);
        var latent = await Json([
            "steer",
            .. prompt,
            "--vector",
            $"{autoencoder}#5",
            "--layer",
            "1",
            "--coefficient",
            "20",
        ]);
        var (_, error, exit) = await Command.RunAsync(["generate", .. prompt, "--vector", adapter, "--keep-norm"]);

        Assert.That(Ids(steered, "after"), Is.Not.EqualTo(Ids(steered, "before")));
        Assert.That(Ids(off, "after"), Is.EqualTo(Ids(steered, "before")));
        Assert.That(Ids(latent, "after"), Is.Not.EqualTo(Ids(latent, "before")));
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error.ReplaceLineEndings(" "), Does.Contain("--keep-norm goes with vectors"));

        static string Ids(JsonElement result, string side) =>
            result[0].GetProperty(side).GetProperty("token_ids").GetRawText();
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
