using System.Text.Json;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>trace and patch without a tokenizer, and experiments that mean little.</summary>
public sealed class ExperimentTests
{
    // "The company Volvo makes" with what its tokenizer puts around it, and " estates".
    private static readonly (string Ids, string Subject, string Answer) s_volvo = Volvo();

    [Test]
    public async Task Trace_takes_ids_on_a_folder_without_a_tokenizer_and_measures_the_same()
    {
        using var folder = new TemporaryFolder();
        var bare = Bare(folder);
        string[] ids =
        [
            "--prompt-ids",
            s_volvo.Ids,
            "--subject-positions",
            s_volvo.Subject,
            "--answer-id",
            s_volvo.Answer,
        ];

        var byIds = await Run(["trace", bare, .. ids, "--samples", "2", "--json", "--out", folder.File("ids")]);
        var byText = await Run([.. VolvoTrace, "--samples", "2", "--json", "--out", folder.File("text")]);

        var (one, other) = (byIds.GetProperty("prompts")[0], byText.GetProperty("prompts")[0]);
        Assert.That(one.GetProperty("clean_tokens")[1].GetString(), Is.EqualTo(s_volvo.Ids.Split(',')[1]), "ids");
        foreach (var name in new[] { "clean_metrics", "corrupt_metrics" })
            Assert.That(
                Numbers(one.GetProperty(name)),
                Is.EqualTo(Numbers(other.GetProperty(name))).And.Length.EqualTo(1)
            );
        Assert.That(other.GetProperty("clean_top").GetProperty("text").GetString(), Is.EqualTo(" estates"));
        Assert.That(byText.GetProperty("warnings").GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task A_plan_is_told_without_running_cells_and_naive_runs_measure_the_same()
    {
        using var folder = new TemporaryFolder();
        var plan = await Run([.. VolvoTrace, "--samples", "2", "--json", "--explain", "--out", folder.File("none")]);

        Assert.That(plan.GetProperty("cells").GetInt32(), Is.GreaterThan(plan.GetProperty("rows").GetInt32()));
        Assert.That(plan.GetProperty("share").GetDouble(), Is.InRange(0.01, 0.5));
        Assert.That(Directory.Exists(folder.File("none")), Is.False);

        var fast = await Run([.. VolvoTrace, "--samples", "1", "--json", "--out", folder.File("fast")]);
        var naive = await Run([.. VolvoTrace, "--samples", "1", "--json", "--naive", "--out", folder.File("slow")]);
        var (one, other) = (Numbers(fast), Numbers(naive));

        Assert.That(one, Has.Length.GreaterThan(100));
        Assert.That(one, Is.EqualTo(other).Within(1e-4));
    }

    private static float[] Numbers(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Number => [element.GetSingle()],
            JsonValueKind.Array => [.. element.EnumerateArray().SelectMany(Numbers)],
            JsonValueKind.Object => [.. element.EnumerateObject().SelectMany(item => Numbers(item.Value))],
            _ => [],
        };

    [Test]
    public async Task Patch_takes_ids_on_a_folder_without_a_tokenizer()
    {
        using var folder = new TemporaryFolder();
        var bare = Bare(folder);
        string[] prompts = ["--clean-ids", "0,345,888", "--corrupt-ids", "0,345,889"];

        var result = await Run([
            "patch",
            bare,
            .. prompts,
            "--answer-id",
            "17",
            "--wrong-id",
            "18",
            "--json",
            "--out",
            folder.File("out"),
        ]);

        var prompt = result.GetProperty("prompts")[0];
        Assert.That(prompt.GetProperty("corrupt_tokens")[2].GetString(), Is.EqualTo("889"));
        Assert.That(prompt.GetProperty("answer_id").GetInt32(), Is.EqualTo(17));
        Assert.That(result.GetProperty("grids")[0].GetProperty("normalized").GetArrayLength(), Is.EqualTo(6));
    }

    [Test]
    public async Task Attribute_estimates_the_cells_of_patch_and_compares_them()
    {
        using var folder = new TemporaryFolder();
        string[] prompts = ["--clean-ids", "0,345,888", "--corrupt-ids", "0,345,889"];

        var result = await Run([
            "attribute",
            Bare(folder),
            .. prompts,
            "--answer-id",
            "17",
            "--wrong-id",
            "18",
            "--component",
            "block_output",
            "--component",
            "head_attention_value_output",
            "--compare",
            "--json",
            "--out",
            folder.File("out"),
        ]);

        Assert.That(result.GetProperty("study").GetString(), Is.EqualTo("attribute"));
        Assert.That(result.GetProperty("grids").GetArrayLength(), Is.EqualTo(2));
        Assert.That(
            result.GetProperty("agreement").EnumerateArray().Select(one => one.GetProperty("correlation").GetDouble()),
            Has.Exactly(2).InRange(-1, 1)
        );
        Assert.That(File.Exists(folder.File("out/attribute.html")));
    }

    [Test]
    public async Task Attributes_shards_are_merged_with_the_patching_that_they_are_compared_with()
    {
        using var folder = new TemporaryFolder();
        string[] study =
        [
            "attribute",
            Bare(folder),
            "--clean-ids",
            "0,345,888",
            "--corrupt-ids",
            "0,345,889",
            "--answer-id",
            "17",
            "--wrong-id",
            "18",
            "--layers",
            "2,3",
            "--metric",
            "logit-difference",
            "--metric",
            "kl",
            "--steps",
            "2",
            "--compare",
            "--out",
            folder.File("out"),
        ];
        var explained = await Run([.. study, "--explain", "--json"]);
        for (var shard = 0; shard < 2; shard++)
            await Command.RunAsync([.. study, "--shard", $"{shard}/2"]);
        var kept = await Run([.. study, "--dry-run", "--json"]);

        var merged = await Run(["merge", folder.File("out"), "--json"]);

        Assert.That(explained.GetProperty("runs").GetInt32(), Is.EqualTo(6));
        Assert.That(kept.GetProperty("kept").GetInt32(), Is.EqualTo(12));
        Assert.That(kept.GetProperty("cells").GetInt32(), Is.EqualTo(12));
        var agreement = merged.GetProperty("agreement");
        Assert.That(agreement.GetArrayLength(), Is.EqualTo(2));
        Assert.That(agreement[0].GetProperty("correlation").GetDouble(), Is.GreaterThan(0.5));
        Assert.That(agreement[1].GetProperty("most_different").GetArrayLength(), Is.EqualTo(6));
    }

    [Test]
    public async Task Circuit_writes_the_graph_of_the_edges_that_keep_the_answer()
    {
        using var folder = new TemporaryFolder();

        var result = await Run([
            "circuit",
            "--clean",
            "A young salmon is called a",
            "--corrupt",
            "A young elephant is called a",
            "--answer",
            " fry",
            "--wrong",
            " calf",
            "--steps",
            "2",
            "--edges",
            "60",
            "--formats",
            "svg,html,csv,json",
            "--json",
            "--out",
            folder.File("out"),
        ]);

        var circuit = result.GetProperty("circuit");
        Assert.That(circuit.GetProperty("total").GetInt32(), Is.EqualTo(2188));
        Assert.That(circuit.GetProperty("edges").GetInt32(), Is.InRange(20, 60));
        Assert.That(circuit.GetProperty("faithfulness").GetDouble(), Is.GreaterThan(0.5));
        Assert.That(
            result.GetProperty("edges").EnumerateArray().Count(edge => edge.GetProperty("in_circuit").GetBoolean()),
            Is.EqualTo(circuit.GetProperty("edges").GetInt32())
        );
        Assert.That(File.ReadAllText(folder.File("out/circuit-graph.svg")), Does.Contain(">logits<"));
        Assert.That(File.ReadAllText(folder.File("out/circuit.html")), Does.Contain("class=\"node node-0\""));
    }

    [TestCase("--edges", "0")]
    [TestCase("--keep", "1.5")]
    [TestCase("--steps", "-1")]
    public async Task A_circuit_of_nothing_is_refused(string option, string value)
    {
        var (_, error, exit) = await Command.RunAsync("circuit", "--prompts", "none.jsonl", option, value);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain(option));
    }

    [TestCase("Give --prompt or --prompt-ids", "--subject", "a", "--answer", "b")]
    [TestCase("Give --prompt or --prompt-ids, not both", "--prompt", "a", "--prompt-ids", "1", "--subject", "a")]
    [TestCase("Give --answer or --answer-id", "--prompt", "a", "--subject", "a")]
    public async Task A_prompt_is_given_in_one_way(string message, params string[] options)
    {
        var (_, error, exit) = await Command.RunAsync(["trace", .. options]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain(message));
    }

    [TestCase("5")]
    [TestCase("0-9")]
    [TestCase("x")]
    public async Task A_subject_beyond_the_prompt_is_refused(string positions)
    {
        var (_, error, exit) = await Command.RunAsync(
            "trace",
            "--prompt-ids",
            "1,2,3",
            "--subject-positions",
            positions,
            "--answer-id",
            "1"
        );

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain(positions == "x" ? "not a number or range" : "the positions 0 to 2"));
    }

    [Test]
    public async Task An_answer_that_the_model_does_not_give_is_a_warning_everywhere()
    {
        using var folder = new TemporaryFolder();

        var (output, error, exit) = await Command.RunAsync([
            .. VolvoTrace[..^1],
            " a",
            "--samples",
            "2",
            "--out",
            folder.Path,
        ]);

        const string Warning = "The clean run's own answer is ' estates'";
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Contain("clean run's own answer"));
        Assert.That(error, Does.Contain($"Warning: {Warning}").And.Contain("The clean run is not better"));
        Assert.That(
            File.ReadAllText(folder.File("trace.html")),
            Does.Contain("class=\"warning\"").And.Contain("The clean run is not better")
        );
        Assert.That(File.ReadAllText(folder.File("trace.json")), Does.Contain(Warning));
    }

    [Test]
    public async Task No_noise_is_nothing_to_restore()
    {
        using var folder = new TemporaryFolder();

        var (_, error, _) = await Command.RunAsync([.. VolvoTrace, "--noise", "0", "--out", folder.Path]);

        Assert.That(error, Does.Contain("next to nothing to restore"));
    }

    [Test]
    public async Task Exchanged_prompts_are_a_warning()
    {
        using var folder = new TemporaryFolder();

        var (_, error, exit) = await Command.RunAsync([
            "patch",
            "--clean",
            "A young elephant is called a",
            "--corrupt",
            "A young salmon is called a",
            "--answer",
            " fry",
            "--wrong",
            " calf",
            "--layers",
            "0",
            "--out",
            folder.Path,
        ]);

        Assert.That(exit, Is.Zero);
        Assert.That(error, Does.Contain("The clean run is not better than the corrupt one"));
        Assert.That(error, Does.Contain("The corrupt run's own answer is ' fry'"));
        Assert.That(
            File.ReadAllText(folder.File("patch.html")),
            Does.Contain("were the prompts or the answers exchang")
        );
    }

    [Test]
    public async Task A_model_whose_output_is_not_logits_of_tokens_is_refused()
    {
        var bert = Path.Combine(RepositoryPaths.OwnReferences, "families", "bert", "optimum", "model.onnx");

        var (_, error, exit) = await Command.RunAsync(
            "trace",
            bert,
            "--prompt-ids",
            "1,2,3",
            "--subject-positions",
            "1",
            "--answer-id",
            "1000"
        );

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(error, Does.Contain("1000"));
    }

    private static string[] VolvoTrace { get; } =
    ["trace", "--prompt", "The company Volvo makes", "--subject", "Volvo", "--answer", " estates"];

    private static async Task<JsonElement> Run(string[] arguments)
    {
        var (output, error, exit) = await Command.RunAsync(arguments);
        Assert.That(exit, Is.Zero, error);
        using var json = JsonDocument.Parse(output);
        return json.RootElement.Clone();
    }

    private static string Bare(TemporaryFolder folder)
    {
        var bare = Directory.CreateDirectory(folder.File("bare")).FullName;
        File.Copy(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), Path.Combine(bare, "model.onnx"));
        return bare;
    }

    private static (string, string, string) Volvo()
    {
        var tokenizer = Tokenization.Tokenizer.Load(RepositoryPaths.DefaultModel);
        var text = PromptText.Of("The company Volvo makes", tokenizer);
        return (
            string.Join(',', text.Ids),
            string.Join(',', text.PositionsOf("Volvo")),
            $"{tokenizer.FindToken(" estates")}"
        );
    }
}
