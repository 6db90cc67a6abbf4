using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>logit-lens, pattern and probe.</summary>
public sealed class ReadingTests
{
    private static readonly string[] s_salmon = ["--prompt", "A young salmon is called a", "--answer", " fry"];

    [Test]
    public async Task The_lens_ends_with_the_models_own_answer_and_attributes_its_logit()
    {
        using var folder = new TemporaryFolder();

        var result = await Run(folder, "logit-lens", [.. s_salmon, "--wrong", " calf", "--attribution"]);

        var tops = result.GetProperty("tops")[0];
        Assert.That(tops.GetArrayLength(), Is.EqualTo(7), "the embedding and six layers");
        Assert.That(Last(Last(tops)).GetProperty("text").GetString(), Is.EqualTo(" fry"));
        Assert.That(
            result.GetProperty("metrics").EnumerateArray().Select(metric => metric.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "logit-difference", "probability", "rank", "kl" })
        );
        var lens = Last(Last(result.GetProperty("metrics")[0].GetProperty("grid").GetProperty("mean"))).GetDouble();
        var attribution = result.GetProperty("attribution");
        Assert.That(attribution.GetProperty("total").GetProperty("mean").GetDouble(), Is.EqualTo(lens).Within(1e-3));
        Assert.That(attribution.GetProperty("heads").GetProperty("mean").GetArrayLength(), Is.EqualTo(6));
        Assert.That(File.Exists(Path.Combine(folder.File("out"), "logit-lens-heads.png")), Is.True);
        Assert.That(Directory.GetFiles(folder.File("out"), "*.cells.jsonl"), Is.Empty, "the report has it all");
    }

    [Test]
    public async Task Many_prompts_of_several_lengths_are_averaged_at_the_last_token()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("prompts.jsonl");
        await File.WriteAllLinesAsync(
            path,
            [
                """{"prompt": "A young salmon is called a", "answer": " fry"}""",
                """{"prompt": "The company Volvo makes", "answer": " estates"}""",
            ]
        );

        var result = await Run(folder, "logit-lens", "--prompts", path, "--metric", "probability");

        var grid = result.GetProperty("metrics")[0].GetProperty("grid");
        Assert.That(Last(Last(grid.GetProperty("mean"))).GetDouble(), Is.GreaterThan(0.9));
        Assert.That(Last(Last(grid.GetProperty("count"))).GetDouble(), Is.EqualTo(2));
        Assert.That(Last(Last(grid.GetProperty("standard_error"))).GetDouble(), Is.InRange(0, 0.1));
    }

    [Test]
    public async Task Patterns_of_random_tokens_are_scored_and_the_wanted_heads_shown()
    {
        using var folder = new TemporaryFolder();

        var result = await Run(folder, "pattern", "--random-tokens", "8", "--samples", "3", "--heads", "0.5,2.1");

        Assert.That(
            result.GetProperty("scores").EnumerateArray().Select(score => score.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "previous-token", "duplicate-token", "induction" })
        );
        Assert.That(result.GetProperty("scores")[2].GetProperty("count")[0][0].GetDouble(), Is.EqualTo(3));
        var pattern = result.GetProperty("patterns")[0].GetProperty("probabilities");
        Assert.That(pattern.GetArrayLength(), Is.EqualTo(17), "what begins a text, and eight tokens twice");
        Assert.That(Last(pattern).EnumerateArray().Sum(share => share.GetDouble()), Is.EqualTo(1).Within(1e-4));
        Assert.That(File.Exists(Path.Combine(folder.File("out"), "pattern-head-2-1.png")), Is.True);
    }

    [Test]
    public async Task A_probe_reads_off_what_the_tokens_decide()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("prompts.jsonl");
        await File.WriteAllLinesAsync(
            path,
            Enumerable
                .Range(0, 30)
                .Select(index =>
                    $$"""{"prompt_ids": [{{100 + index}}, {{200 + (index % 2)}}], "label": "{{index % 2}}"}"""
                )
        );

        var result = await Run(folder, "probe", "--prompts", path, "--layers", "0,5", "--splits", "2");

        Assert.That(result.GetProperty("classes").GetArrayLength(), Is.EqualTo(2));
        Assert.That(result.GetProperty("accuracy").GetProperty("mean")[0][0].GetDouble(), Is.EqualTo(1));
        Assert.That(result.GetProperty("control").GetProperty("mean")[0][0].GetDouble(), Is.LessThan(0.9));
    }

    [TestCase("Give one of --prompt, --prompt-ids, --prompts", "logit-lens")]
    [TestCase("not several", "pattern", "--prompt", "a", "--random-tokens", "5")]
    [TestCase("--attribution needs the answer", "logit-lens", "--prompt", "a", "--attribution")]
    [TestCase("--wrong needs --answer", "logit-lens", "--prompt", "a", "--wrong", " calf")]
    [TestCase("is not one token", "logit-lens", "--prompt", "a", "--answer", " Chattanooga")]
    [TestCase("needs an answer", "logit-lens", "--prompt", "a", "--metric", "rank")]
    [TestCase("There is no metric 'x'", "logit-lens", "--prompt", "a", "--metric", "x")]
    [TestCase("There is no position 9", "logit-lens", "--prompt", "a", "--positions", "9")]
    [TestCase("layer 1 has the heads 0 to 5", "pattern", "--prompt", "a", "--heads", "1.6")]
    [TestCase("is not a head", "pattern", "--prompt", "a", "--heads", "one")]
    public async Task What_cannot_be_read_is_refused_before_anything_is_written(string message, params string[] options)
    {
        using var folder = new TemporaryFolder();

        var (_, error, exit) = await Command.RunAsync([.. options, "--out", folder.File("out")]);

        Assert.That(error, Does.Contain(message));
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(Directory.Exists(folder.File("out")), Is.False);
    }

    [TestCase("logit-lens", "logit-lens", "--prompt", "a")]
    [TestCase("logit-lens", "logit-lens-attribution", "--prompt", "a", "--answer", " fry", "--attribution")]
    [TestCase("pattern", "pattern", "--prompt", "a")]
    [TestCase(
        "circuit",
        "circuit",
        "--clean",
        "Tom knew",
        "--corrupt",
        "Anna knew",
        "--answer",
        " he",
        "--wrong",
        " she"
    )]
    public async Task A_folder_of_another_study_is_refused_by_its_command(
        string command,
        string name,
        params string[] options
    )
    {
        using var folder = new TemporaryFolder();
        var journal = folder.File($"out/{name}.cells.jsonl");
        Directory.CreateDirectory(folder.File("out"));
        await File.WriteAllTextAsync(
            journal,
            $$"""{"study":"x","shard":"0/1","cells":9,"shard_cells":9,"command":["{{command}}","other"]}""" + "\n"
        );

        var (_, error, exit) = await Command.RunAsync([command, .. options, "--out", folder.File("out")]);

        Assert.That(error, Does.Contain($"'{journal}' holds 9 cells of another study ({command} other)"));
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(Directory.GetFiles(folder.File("out")), Is.EqualTo(new[] { journal }));
    }

    private static async Task<JsonElement> Run(TemporaryFolder folder, string command, params string[] options)
    {
        var (output, error, exit) = await Command.RunAsync([
            command,
            .. options,
            "--json",
            "--out",
            folder.File("out"),
        ]);
        Assert.That(exit, Is.Zero, error);
        return JsonDocument.Parse(output).RootElement;
    }

    private static JsonElement Last(JsonElement list) => list[list.GetArrayLength() - 1];
}
