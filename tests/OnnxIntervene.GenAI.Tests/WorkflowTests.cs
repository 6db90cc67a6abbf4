using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntimeGenAI;
using OnnxIntervene.Cli;
using OnnxIntervene.Testing;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>
/// The README's way from a direction to a file: its commands find a direction, compare texts, bake and generate, and
/// onnxruntime-genai continues as they do.
/// </summary>
[NonParallelizable]
public sealed partial class WorkflowTests
{
    private static readonly string s_section = Section("### From a direction to a file");
    private TemporaryFolder _folder = null!;
    private string _before = "";

    [SetUp]
    public void Enter()
    {
        _before = Directory.GetCurrentDirectory();
        _folder = new TemporaryFolder();
        Directory.CreateDirectory(_folder.File("examples"));
        foreach (var file in Directory.GetFiles(Path.Combine(RepositoryPaths.Root, "examples"), "*.jsonl"))
            File.Copy(file, _folder.File($"examples/{Path.GetFileName(file)}"));
        Directory.SetCurrentDirectory(_folder.Path);
    }

    [TearDown]
    public void Leave()
    {
        Directory.SetCurrentDirectory(_before);
        _folder.Dispose();
    }

    [Test]
    public async Task The_default_model_calls_a_young_salmon_a_calf()
    {
        var steps = await Run(block: 0, model: null);

        RequireSteered(steps, "fry.", "calf.");
        Assert.That(Shown(Continue), Is.EqualTo("A young salmon is called a calf."));
    }

    [Test]
    public async Task A_language_model_is_delighted()
    {
        var steps = await Run(block: 1, GoldenModel.Large().Folder);

        RequireSteered(
            steps,
            "amazing. I'm going to try to eat a lot of pasta tonight.",
            "amazing. I'm excited about the opportunity to expand our product line to include"
        );
    }

    [Test]
    public void The_readme_shows_this_very_code()
    {
        var source = File.ReadAllText(
            Path.Combine(RepositoryPaths.Root, "tests", "OnnxIntervene.GenAI.Tests", "WorkflowTests.cs")
        );
        var lines = source.Split("// example")[^2].Split('\n').Select(line => line.Length > 8 ? line[8..] : line);

        Assert.That(s_section, Does.Contain(string.Join('\n', lines).Trim()));
    }

    private static void Continue()
    {
        // example
        using var model = new Model("land");
        using var tokenizer = new Tokenizer(model);
        using var parameters = new GeneratorParams(model);
        parameters.SetSearchOption("max_length", 40);
        using var generator = new Generator(model, parameters);
        using var prompt = tokenizer.Encode("<|endoftext|>A young salmon is called a");
        generator.AppendTokenSequences(prompt);
        while (!generator.IsDone())
            generator.GenerateNextToken();
        Console.WriteLine(tokenizer.Decode(generator.GetSequence(0)));
        // example
    }

    // Text before and after as the README has them; the baked file, here and in genai, goes on as the steered original.
    private static void RequireSteered(ImmutableArray<JsonElement> steps, string before, string after)
    {
        var (compared, baked, again) = (steps[1], steps[2], steps[3][0]);
        var steered = compared[1].GetProperty("generated");
        var tokens = Tokens(steered, "token_ids");

        Assert.That(Text(compared[0].GetProperty("generated")), Is.EqualTo(before));
        Assert.That(Text(steered), Is.EqualTo(after));
        Assert.That(s_section, Does.Contain($"| {before} |").And.Contain($"| {after} |"));
        Assert.That(Tokens(again, "token_ids"), Is.EqualTo(tokens), "the baked file");
        Assert.That(Tokens(again, "prompt_ids"), Is.EqualTo(Tokens(steered, "prompt_ids")));
        using var judge = new GenAIModel(Path.GetDirectoryName(baked.GetProperty("model").GetString())!);
        // genai leaves out the token that ends a text.
        var own = again.GetProperty("finish").GetString() == "stop" ? tokens[..^1] : tokens;
        Assert.That(judge.Generate(Tokens(again, "prompt_ids"), own.Length), Is.EqualTo(own), "onnxruntime-genai");
    }

    private static string? Text(JsonElement generated) => generated.GetProperty("text").GetString()?.Trim();

    private static ImmutableArray<int> Tokens(JsonElement generated, string name) =>
        [.. generated.GetProperty(name).EnumerateArray().Select(token => token.GetInt32())];

    // The commands of a block, word for word; MODEL is what the reader has.
    private static async Task<ImmutableArray<JsonElement>> Run(int block, string? model)
    {
        var results = ImmutableArray.CreateBuilder<JsonElement>();
        foreach (var line in Blocks().Matches(s_section)[block].Groups[1].Value.Trim().Split('\n'))
        {
            var words = Words().Matches(line).Select(match => match.Value.Replace("\"", "", StringComparison.Ordinal));
            results.Add(await Json([.. words.Skip(1).Select(word => word == "MODEL" ? model! : word)]));
        }

        return results.ToImmutable();
    }

    private static async Task<JsonElement> Json(string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exit = await Application.RunAsync([.. arguments, "--json"], output, error);
        Assert.That(exit, Is.Zero, $"{string.Join(' ', arguments)}: {error}");
        return JsonDocument.Parse(output.ToString()).RootElement;
    }

    private static string Shown(Action example)
    {
        using var shown = new StringWriter();
        var console = Console.Out;
        Console.SetOut(shown);
        try
        {
            example();
        }
        finally
        {
            Console.SetOut(console);
        }

        return shown.ToString().Trim();
    }

    private static string Section(string heading)
    {
        var readme = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "README.md"));
        var start = readme.IndexOf(heading, StringComparison.Ordinal);
        Assert.That(start, Is.Not.Negative, $"The README has no section '{heading}'.");
        var end = readme.IndexOf("\n##", start + heading.Length, StringComparison.Ordinal);
        return readme[start..end];
    }

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Words();
}
