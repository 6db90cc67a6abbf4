using System.Diagnostics;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>The command as a process of its own: exit codes, streams, interruption.</summary>
public sealed class ProcessTests
{
    private static readonly string s_command = typeof(CommandTree).Assembly.Location;

    [Test]
    public void A_refusal_is_one_message_on_the_error_stream_and_exit_code_2_for_a_file()
    {
        using var process = Start("inspect", "no-such-model");
        var (output, error) = (process.StandardOutput.ReadToEnd(), process.StandardError.ReadToEnd());
        process.WaitForExit();

        Assert.That(process.ExitCode, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.Contain("'no-such-model'").And.Not.Contain("   at "));
    }

    [Test]
    public void A_result_goes_to_the_output_and_exits_with_0()
    {
        using var process = Start("inspect", "--json");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.That(process.ExitCode, Is.Zero);
        Assert.That(output, Does.StartWith("{").And.Contain("gpt2"));
    }

    [Test]
    public void A_run_leaves_nothing_in_the_users_home()
    {
        using var home = new TemporaryFolder();
        using var input = new TemporaryFolder();
        File.WriteAllText(input.File("zero.json"), """{"interventions":[{"kind":"Zero","component":"mlp_output"}]}""");
        var start = new ProcessStartInfo(
            "dotnet",
            [s_command, "run", "--config", input.File("zero.json"), "--base", "A"]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = home.Path;
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";

        // ONNX Runtime keeps quiet by itself where it finds these.
        foreach (var name in new[] { "CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME" })
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.That(process.ExitCode, Is.Zero, error.Result);
        Assert.That(output, Is.Not.Empty);
        Assert.That(Directory.GetFileSystemEntries(home.Path, "*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public void A_file_beyond_the_limit_is_refused_with_both_sizes()
    {
        using var process = Start("inspect", "--max-file", "4K");
        var (output, error) = (process.StandardOutput.ReadToEnd(), process.StandardError.ReadToEnd());
        process.WaitForExit();

        Assert.That(process.ExitCode, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.Contain("at most 4096").And.Contain("--max-file"));
    }

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("12X")]
    [TestCase("99999999999G")]
    public void A_limit_that_is_not_a_size_is_refused(string size)
    {
        using var process = Start("inspect", "--max-file", size);
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.That(process.ExitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain("--max-file"));
    }

    [Test]
    public void An_interruption_keeps_what_was_measured_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var journal = folder.File("trace.cells.jsonl");
        using var process = Start([.. Command.Trace, "--samples", "600", "--out", folder.Path]);

        // The first cell has been measured, of tens of thousands.
        Assert.That(
            () => File.Exists(journal) && new FileInfo(journal).Length > 0,
            Is.True.After(60_000, pollingInterval: 10)
        );
        Interrupt(process);
        Assert.That(process.WaitForExit(20000), Is.True);

        Assert.That(process.ExitCode, Is.EqualTo(130));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.EqualTo(new[] { journal }));
        Assert.That(
            process.StandardError.ReadToEnd(),
            Does.Contain($"what was measured is kept in {journal}, and the same command goes on from there")
        );
    }

    [Test]
    public void A_second_interruption_ends_a_bake_at_once_and_leaves_nothing_half_written()
    {
        using var folder = new TemporaryFolder();
        using var input = new TemporaryFolder();
        File.WriteAllText(input.File("zero.json"), """{"interventions":[{"kind":"Zero","component":"mlp_output"}]}""");
        var output = folder.File("out");
        string[] bake = ["bake", "--config", input.File("zero.json"), "--copy-weights", "--json", "--out", output];
        using var process = Start(bake);

        Assert.That(
            () => Directory.GetFileSystemEntries(folder.Path).Length > 0,
            Is.True.After(60_000, pollingInterval: 1)
        );
        for (var count = 0; count < 2; count++)
            Interrupt(process);
        Assert.That(process.WaitForExit(20_000), Is.True);

        // The file may have been whole by then.
        var isWhole = Directory.Exists(output);
        Assert.That(process.ExitCode, Is.AnyOf(130, isWhole ? 0 : 130));
        Assert.That(
            Directory.GetFileSystemEntries(folder.Path),
            Is.EqualTo(isWhole ? [output] : Array.Empty<string>())
        );
        Assert.That(
            process.StandardOutput.ReadToEnd(),
            Does.Contain(process.ExitCode == 0 ? "\"model\"" : "\"kind\": \"cancelled\"")
        );
    }

    private static void Interrupt(Process process)
    {
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static Process Start(params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo("dotnet", [s_command, .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
}
