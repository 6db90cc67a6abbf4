using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Words in steered texts: steer-search --score generated-text, and compare --words.</summary>
public sealed class SteeringWordsTests
{
    private const string Salmon = "A young salmon is called a";

    private TemporaryFolder _folder = null!;

    private string Vector => _folder.File("land.safetensors");

    private string[] Search =>
        [
            "steer-search",
            "--vector",
            Vector,
            "--prompt",
            Salmon,
            "--coefficients",
            "0.5,1",
            "--neutral",
            _folder.File("neutral.txt"),
            "--out",
            _folder.File("out"),
        ];

    [OneTimeSetUp]
    public async Task Train()
    {
        _folder = new TemporaryFolder();
        await File.WriteAllTextAsync(_folder.File("neutral.txt"), "The company Volvo makes cars.\n");
        await File.WriteAllTextAsync(_folder.File("words.txt"), "calf\n\n a calf \n");
        await File.WriteAllTextAsync(_folder.File("none.txt"), " \n\n");
        var pairs = Path.Combine(RepositoryPaths.Root, "examples", "animals.jsonl");
        await Json("steer-train", "--pairs", pairs, "--layers", "4", "--out", Vector);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task A_search_counts_the_words_of_what_is_generated()
    {
        string[] search = [.. Search, "--most-cost", "100", "--score", "generated-text"];

        var result = await Json([.. search, "--words-file", _folder.File("words.txt"), "--max-tokens", "4"]);
        var late = await Json([.. search, "--words", "calf", "--max-tokens", "4", "--factors", "0", "--phase", "both"]);
        var (output, error, exit) = await Command.RunAsync([.. search, "--words", "calf,a calf", "--formats", "svg"]);

        Assert.That(result.GetProperty("score").GetString(), Is.EqualTo("generated-text"));
        Assert.That(result.GetProperty("generated").GetProperty("words").GetArrayLength(), Is.EqualTo(2));
        Assert.That(result.GetProperty("unsteered").GetProperty("word_share").GetDouble(), Is.Zero);
        Assert.That(result.GetProperty("best").GetProperty("word_share").GetDouble(), Is.EqualTo(1));
        Assert.That(result.GetProperty("best").GetProperty("text_share").GetDouble(), Is.EqualTo(1));
        Assert.That(late.GetProperty("best").GetProperty("word_share").GetDouble(), Is.Zero, "factors of 0");
        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("texts with one").And.Contain("share of the words without steering"));
        Assert.That(File.Exists(_folder.File("out/steer-search-effect.svg")));
        Assert.That(Directory.GetFiles(_folder.File("out"), "*.jsonl"), Is.Empty, "the journal");
    }

    [Test]
    public async Task Coefficients_are_compared_by_their_words()
    {
        string[] compare = ["compare", "--prompt", Salmon, "--vector", Vector, "--coefficients", "0,1"];

        var plain = await Json(compare);
        var result = await Json([.. compare, "--words", "calf"]);
        var (output, error, exit) = await Command.RunAsync([.. compare, "--words", "calf"]);

        Assert.That(plain[0].GetProperty("words").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(Numbers(result[0]), Is.EqualTo((0, 1, 0d)));
        Assert.That(Numbers(result[1]), Is.EqualTo((1, 1, 1d)));
        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("words").And.Contain("100 %"));

        static (int, int, double) Numbers(JsonElement row) =>
            (
                row.GetProperty("words").GetProperty("matched").GetInt32(),
                row.GetProperty("words").GetProperty("words").GetInt32(),
                row.GetProperty("words").GetProperty("share").GetDouble()
            );
    }

    [TestCase("generated-text needs words", "--score", "generated-text")]
    [TestCase("generated-text needs words", "--score", "generated-text", "--word-ids", "5")]
    [TestCase("next-token needs words", "--score", "next-token")]
    [TestCase("looks for no words", "--score", "projection", "--words", "calf")]
    [TestCase("Give --words or --words-file, not both", "--words", "calf", "--words-file", "words.txt")]
    [TestCase("Give --words or --word-ids, not both", "--words", "calf", "--word-ids", "5")]
    [TestCase("--max-tokens goes with --score generated-text", "--words", "calf", "--max-tokens", "4")]
    [TestCase("--phase goes with --score generated-text", "--words", "calf", "--phase", "prompt")]
    [TestCase("--samples goes with --temperature", "--score", "generated-text", "--words", "calf", "--samples", "2")]
    [TestCase("word 2 of 'calf,,fry' is empty", "--score", "generated-text", "--words", "calf,,fry")]
    [TestCase("word 1 of ',calf' is empty", "--words", ",calf")]
    [TestCase("'!' is no word", "--score", "generated-text", "--words", "calf,!")]
    [TestCase("holds no word", "--score", "generated-text", "--words-file", "none.txt")]
    public async Task A_score_that_makes_no_sense_is_refused(string message, params string[] options)
    {
        string[] named =
        [
            .. options.Select(word => word.EndsWith(".txt", StringComparison.Ordinal) ? _folder.File(word) : word),
        ];

        var (_, error, exit) = await Command.RunAsync([.. Search, .. named]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error.ReplaceLineEndings(" "), Does.Contain(message));
    }

    [TestCase("word 2 of 'calf,' is empty", "--words", "calf,")]
    [TestCase("'?' is no word", "--words", "?")]
    public async Task Words_that_are_none_are_not_compared(string message, params string[] words)
    {
        var (_, error, exit) = await Command.RunAsync([
            "compare",
            "--prompt",
            Salmon,
            "--vector",
            Vector,
            "--coefficients",
            "0,1",
            .. words,
        ]);

        Assert.That((exit, error.ReplaceLineEndings(" ")), Is.EqualTo((1, error.ReplaceLineEndings(" "))));
        Assert.That(error.ReplaceLineEndings(" "), Does.Contain(message));
    }

    [Test]
    public async Task A_model_without_a_tokenizer_has_no_words()
    {
        var model = Path.Combine(RepositoryPaths.OwnReferences, "families", "llama", "optimum");
        var width = 64;
        SafetensorsFile.Write(
            _folder.File("small.safetensors"),
            new Dictionary<string, NumericArray> { ["block_output.0"] = NumericArray.Of(new float[width], width) }
        );

        var (_, error, exit) = await Command.RunAsync([
            "compare",
            model,
            "--prompt-ids",
            "5,9,23",
            "--vector",
            _folder.File("small.safetensors"),
            "--coefficients",
            "0,1",
            "--words",
            "calf",
        ]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("need a tokenizer beside the model"));
    }

    private static async Task<JsonElement> Json(params string[] arguments)
    {
        var (output, error, exit) = await Command.RunAsync([.. arguments, "--json"]);
        Assert.That(exit, Is.Zero, error);
        return JsonDocument.Parse(output).RootElement;
    }
}
