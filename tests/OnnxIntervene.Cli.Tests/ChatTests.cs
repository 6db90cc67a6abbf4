using System.Diagnostics;
using System.Text.Json;
using OnnxIntervene.Cli.Commands;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>chat, with scripted input.</summary>
[NonParallelizable]
public sealed class ChatTests
{
    private const string Salmon = "A young salmon is called a";

    private TemporaryFolder _folder = null!;
    private string _template = null!;

    [SetUp]
    public void Make()
    {
        _folder = new TemporaryFolder();
        _template = _folder.File("last.jinja");
        File.WriteAllText(_template, "{{ bos_token }}{{ messages[-1].content }}");
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task Each_line_is_answered_and_the_conversation_is_kept_in_a_file()
    {
        var file = _folder.File("chat.jsonl");

        var (output, error, exit) = await Talk([Salmon, "", "/system Be brief.", $"/save {file}"]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output.Trim(), Is.EqualTo("fry."));
        var lines = File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.That(
            lines.Select(line => $"{line.GetProperty("role")}: {line.GetProperty("content")}"),
            Is.EqualTo(new[] { "system: Be brief.", $"user: {Salmon}", "assistant:  fry." })
        );
    }

    [Test]
    public async Task A_vector_is_turned_up_and_off_while_talking()
    {
        var vector = await LandAsync();

        var (output, error, exit) = await Talk(
            [Salmon, "/steer", "/steer land 0", Salmon, "/reset", "/steer land 1", Salmon, "/exit", Salmon],
            "--vector",
            vector,
            "--json"
        );

        Assert.That(exit, Is.Zero, error);
        var turns = output.Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.That(
            turns.Select(turn => turn.GetProperty("assistant").GetString()),
            Is.EqualTo(new[] { " calf.", " fry.", " calf." })
        );
        Assert.That(turns.Select(turn => turn.GetProperty("turn").GetInt32()), Is.EqualTo(new[] { 1, 2, 1 }));
        Assert.That(turns[0].GetProperty("steering").GetProperty("land").GetDouble(), Is.EqualTo(1));
        Assert.That(turns[1].GetProperty("steering").EnumerateObject(), Is.Empty);
        Assert.That(error, Does.Contain("land 1 (block_output, layers 4)"));
    }

    [Test]
    public async Task A_coefficient_is_one_number_with_a_point()
    {
        var vector = await LandAsync();

        var (_, error, exit) = await Talk(["/steer land 4,5"], "--vector", vector);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("Give the coefficient of 'land' as a number"));
    }

    [TestCase("There is no command /foo", "/foo")]
    [TestCase("no steering vector 'joy'; start", "/steer joy 4")]
    [TestCase("Give the file", "/save")]
    public async Task A_script_ends_at_its_first_fault(string message, string line)
    {
        var (output, error, exit) = await Talk([line, Salmon]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.Contain(message));
    }

    [Test]
    public async Task A_model_without_a_template_is_refused_with_what_to_do_and_a_plain_one_is_used_when_asked()
    {
        var refused = await Command.RunAsync("chat", "--json");
        var plain = await Talk([Salmon], plain: true);

        Assert.That(refused.Exit, Is.EqualTo(1));
        Assert.That(refused.Error, Does.Contain("--template").And.Contain("--plain"));
        Assert.That(JsonDocument.Parse(refused.Output).RootElement.TryGetProperty("error", out _));
        Assert.That(plain.Exit, Is.Zero, plain.Error);
        Assert.That(plain.Output.Trim(), Is.Not.Empty);
    }

    [Test]
    public async Task Sources_without_a_configuration_are_refused()
    {
        var (_, error, exit) = await Talk([Salmon], "--source", "A young elephant is called a");

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("Sources go with --config"));
    }

    [Test]
    public async Task A_message_beyond_the_context_is_refused_with_both_numbers()
    {
        var (_, error, exit) = await Talk([string.Concat(Enumerable.Repeat(Salmon, 200))]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Match("has [0-9]+ tokens").And.Contain("at most 128"));
    }

    [Test]
    public void An_interruption_ends_the_answer_then_the_conversation()
    {
        using var interruption = new AnswerInterruption(CancellationToken.None);
        var answer = interruption.BeginAnswer();

        interruption.Press();
        Assert.That(
            (answer.IsCancellationRequested, interruption.Left.IsCancellationRequested),
            Is.EqualTo((true, false))
        );
        interruption.Press();
        Assert.That(interruption.Left.IsCancellationRequested);
    }

    [Test]
    public void An_interrupted_process_ends_its_answer_and_leaves_at_the_next_interruption()
    {
        File.WriteAllText(_template, "{{ bos_token }}{{ messages[-1].content }}");
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", [typeof(CommandTree).Assembly.Location, "chat", "--template", _template])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        process.StandardInput.WriteLine(Salmon);
        process.StandardInput.Flush();
        Assert.That(process.StandardOutput.ReadLine(), Is.EqualTo(" fry."));

        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            kill.WaitForExit();

        Assert.That(process.WaitForExit(20000), Is.True, "waiting for a line, it leaves at once");
        Assert.That(process.ExitCode, Is.EqualTo(130));
    }

    // The direction from fish to animals of the land, in one layer.
    private async Task<string> LandAsync()
    {
        var (pairs, vector) = (
            Path.Combine(RepositoryPaths.Root, "examples", "animals.jsonl"),
            _folder.File("land.gguf")
        );
        await Command.RunAsync("steer-train", "--pairs", pairs, "--layers", "4", "--out", vector);
        return vector;
    }

    private async Task<(string Output, string Error, int Exit)> Talk(string[] lines, params string[] arguments) =>
        await Talk(lines, false, arguments);

    private async Task<(string Output, string Error, int Exit)> Talk(
        string[] lines,
        bool plain,
        params string[] arguments
    )
    {
        var input = Console.In;
        Console.SetIn(new StringReader(string.Join('\n', lines)));
        try
        {
            string[] format = plain ? ["--plain", "--max-tokens", "8"] : ["--template", _template];
            return await Command.RunAsync(["chat", .. format, .. arguments]);
        }
        finally
        {
            Console.SetIn(input);
        }
    }
}
