using System.Diagnostics;
using System.Text.Json;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Nothing from a stranger's file acts on the terminal.</summary>
public sealed class TerminalTests
{
    private static readonly string s_hostile = Path.Combine(
        RepositoryPaths.OwnReferences,
        "hostile",
        "terminal-escapes"
    );

    [TestCase("\u001b[31mred", "·[31mred")]
    [TestCase("a\nb\tc\r", "a·b·c·")]
    [TestCase("\u009b2J", "·2J")]
    [TestCase("safe\u202Etxt.exe", "safe·txt.exe")]
    [TestCase("a\u2028b\u2029c\u200Bd\uFEFFe", "a·b·c·d·e")]
    [TestCase("naïve 東京 👩‍👩‍👧 می‌خواهم", "naïve 東京 👩‍👩‍👧 می‌خواهم")]
    public void What_would_act_is_shown_as_a_dot(string text, string shown) =>
        Assert.That(TerminalText.Clean(text), Is.EqualTo(shown));

    [Test]
    public void What_is_filled_into_a_line_is_cleaned_and_the_lines_own_text_is_not()
    {
        using var writer = new StringWriter();

        new TerminalWriter(writer).WriteLine($"a\t{"b\tc"}\t{3.5:F2}\t{"d", 3}|");

        Assert.That(writer.ToString(), Is.EqualTo($"a\tb·c\t3.50\t  d|{Environment.NewLine}"));
    }

    [Test]
    public void The_lines_of_a_message_after_the_first_are_indented()
    {
        using var writer = new StringWriter();

        new TerminalWriter(writer).WriteLine("a\nwarning: b\r\nc");

        Assert.That(writer.ToString(), Is.EqualTo($"a\n  warning: b\n  c{Environment.NewLine}"));
    }

    [TestCase("inspect", "model.onnx")]
    [TestCase("inspect", "model.onnx", "--tensors")]
    [TestCase("inspect", "model.onnx", "--structure")]
    [TestCase("inspect", "model.onnx", "--tensors", "--json")]
    public void A_strangers_model_is_inspected_without_an_escape(params string[] arguments)
    {
        var (output, error) = Command.Invoke([arguments[0], Path.Combine(s_hostile, arguments[1]), .. arguments[2..]]);

        RequireTame(output + error);
        Assert.That(output, Does.Contain("evilproducer"));
    }

    [Test]
    public void Tensors_are_a_line_each_whatever_their_names()
    {
        var (output, _) = Command.Invoke("inspect", Path.Combine(s_hostile, "model.onnx"), "--tensors");

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2).ToList();
        Assert.That(lines.Select(line => line.Count(character => character == '\t')), Is.All.EqualTo(3));
    }

    [Test]
    public async Task A_strangers_configuration_is_refused_without_an_escape()
    {
        var (output, error, exit) = await Command.RunAsync(
            "run",
            "--config",
            Path.Combine(s_hostile, "run.json"),
            "--base",
            "x",
            "--json"
        );

        Assert.That(exit, Is.EqualTo(1));
        RequireTame(error + output);
        using var json = JsonDocument.Parse(output);
        Assert.That(
            json.RootElement.GetProperty("error").GetProperty("message").GetString(),
            Does.Contain("\u001b[31mx")
        );
    }

    [Test]
    public void Json_holds_marks_that_act_as_escapes_and_reads_back_the_same()
    {
        var text = "a\u202Eb\u009b\u0007\n\u200Dc";

        var json = JsonText.Of(new { Text = text });

        RequireTame(json);
        using var read = JsonDocument.Parse(json);
        Assert.That(read.RootElement.GetProperty("text").GetString(), Is.EqualTo(text));
    }

    [TestCase(40)]
    [TestCase(80)]
    public void In_a_narrow_terminal_only_the_widest_column_wraps(int width)
    {
        var model = Path.Combine(RepositoryPaths.OwnReferences, "families", "gpt2", "optimum");
        var command = typeof(CommandTree).Assembly.Location;
        var start = new ProcessStartInfo(
            "script",
            ["-qc", $"stty cols {width}; dotnet '{command}' inspect '{model}'", "/dev/null"]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "xterm";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var lines = process.StandardOutput.ReadToEnd().Split('\n');
        process.WaitForExit();

        Assert.That(lines, Has.Some.Match(@"3 +attention_value_output +32 +pos"));
        Assert.That(lines, Has.Some.Match(@"3 +head_attention_value_output +8 +4 +h\.pos"));
    }

    private static void RequireTame(string text)
    {
        Assert.That(text, Is.Not.Empty);
        foreach (var line in text.Split('\n'))
            Assert.That(
                TerminalText.Clean(line.TrimEnd('\r').Replace("\t", "", StringComparison.Ordinal)),
                Is.EqualTo(line.TrimEnd('\r').Replace("\t", "", StringComparison.Ordinal))
            );
    }
}
