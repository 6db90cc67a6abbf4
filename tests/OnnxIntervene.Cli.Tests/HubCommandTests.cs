using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Servers;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Pulling and pushing as processes of their own, whose environment names a Hub on this machine.</summary>
public sealed class HubCommandTests
{
    private static readonly string s_command = typeof(CommandTree).Assembly.Location;
    private static readonly byte[] s_model = File.ReadAllBytes(
        Path.Combine(RepositoryPaths.DefaultModel, "model.onnx")
    );

    [Test]
    public void Pull_brings_a_folder_and_says_on_the_error_stream_how_far_it_is()
    {
        using var hub = Hub();
        using var folder = new TemporaryFolder();
        var (output, error, code) = Run(hub, folder, "pull", "hf:owner/name", "--to", folder.File("model"), "--json");
        using var json = JsonDocument.Parse(output);

        Assert.That(code, Is.Zero);
        Assert.That(
            json.RootElement.GetProperty("commit").GetString(),
            Is.EqualTo(hub.Repositories["owner/name"].Commit)
        );
        Assert.That(
            json.RootElement.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("path").GetString()),
            Is.EqualTo(new[] { "model.onnx", "tokenizer.json" })
        );
        Assert.That(error, Does.Contain("model.onnx: 14.9 MB"));
        Assert.That(File.ReadAllBytes(folder.File("model/model.onnx")), Is.EqualTo(s_model));
    }

    [Test]
    public void A_model_on_the_hub_is_inspected_and_collected_like_any_other()
    {
        using var hub = Hub();
        using var folder = new TemporaryFolder();
        var inspected = Run(hub, folder, "inspect", "hf:owner/name@main/model.onnx", "--json");
        var collected = Run(
            hub,
            folder,
            "collect",
            "hf:owner/name",
            "--component",
            "mlp_output",
            "--layers",
            "1",
            "--base",
            "The company Volvo makes",
            "--out",
            folder.File("a.npy")
        );

        Assert.That((inspected.Code, collected.Code), Is.EqualTo((0, 0)));
        Assert.That(inspected.Output, Does.StartWith("{").And.Contain("gpt2"));
        Assert.That(File.Exists(folder.File("a.npy")));
        Assert.That(hub.Store.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public void Push_commits_with_the_token_of_the_environment()
    {
        using var hub = Hub();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("work"));
        File.WriteAllText(folder.File("work/steer.json"), "{}");
        string[] push =
        [
            "push",
            folder.File("work"),
            "hf:owner/new",
            "--create",
            "--private",
            "--message",
            "First",
            "--json",
        ];

        var refused = Run(hub, folder, push);
        File.WriteAllText(folder.File("token"), "hf_secret");
        var (output, _, code) = Run(hub, folder, push);
        using var json = JsonDocument.Parse(output);

        Assert.That(refused.Code, Is.EqualTo(1));
        Assert.That(refused.Error, Does.Contain("HF_TOKEN"));
        Assert.That(code, Is.Zero);
        Assert.That(
            json.RootElement.GetProperty("commit").GetString(),
            Is.EqualTo(hub.Repositories["owner/new"].Commit)
        );
        Assert.That(json.RootElement.GetProperty("url").GetString(), Does.Contain("/owner/new/commit/"));
        Assert.That(hub.Repositories["owner/new"].Messages, Is.EqualTo(new[] { "First" }));
        Assert.That(hub.Repositories["owner/new"].IsPrivate);
    }

    [Test]
    public void A_refusal_of_the_hub_is_one_message_and_exit_code_4()
    {
        using var hub = Hub();
        using var folder = new TemporaryFolder();
        var (output, error, code) = Run(hub, folder, "inspect", "hf:owner/none", "--json");
        using var json = JsonDocument.Parse(output);

        Assert.That(code, Is.EqualTo(4));
        Assert.That(json.RootElement.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("network"));
        Assert.That(error, Does.Contain("'owner/none'").And.Not.Contain("   at "));
    }

    [TestCase("pull", "hf:owner/name")]
    [TestCase("inspect", "hf:owner/name")]
    public void An_interruption_keeps_what_has_come_and_leaves_no_broken_file(string command, string reference)
    {
        using var hub = Hub();
        using var folder = new TemporaryFolder();
        using var asked = new ManualResetEventSlim();
        hub.Disturb(
            "/storage/",
            response =>
            {
                asked.Set();
                return response with { CutAfter = 1_000_000, Stalls = true };
            }
        );
        using var process = Start(hub, folder, command, reference);
        Assert.That(asked.Wait(TimeSpan.FromSeconds(60)));
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            kill.WaitForExit();

        Assert.That(process.WaitForExit(20000), Is.True);
        Assert.That(process.ExitCode, Is.EqualTo(130));
        Assert.That(
            Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories),
            Has.Length.LessThanOrEqualTo(1).And.All.EndsWith(".incomplete")
        );
    }

    [TestCase("pull")]
    [TestCase("push")]
    public void Help_shows_an_example(string command)
    {
        using var output = new StringWriter();
        CommandTree.Create().Parse([command, "--help"]).Invoke(new InvocationConfiguration { Output = output });

        Assert.That(output.ToString(), Does.Contain("Example: onnx-intervene " + command));
    }

    [Test]
    public void A_text_that_is_no_reference_is_refused() =>
        Assert.That(
            () =>
                CommandTree
                    .Create()
                    .Parse(["pull", "owner/name"])
                    .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("hf:owner/name")
        );

    private static HubDouble Hub()
    {
        var hub = new HubDouble();
        hub.Add(
            "owner/name",
            ("model.onnx", s_model),
            ("tokenizer.json", File.ReadAllBytes(Path.Combine(RepositoryPaths.DefaultModel, "tokenizer.json")))
        );
        return hub;
    }

    private static (string Output, string Error, int Code) Run(
        HubDouble hub,
        TemporaryFolder folder,
        params string[] arguments
    )
    {
        using var process = Start(hub, folder, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (output, error.Result, process.ExitCode);
    }

    private static Process Start(HubDouble hub, TemporaryFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [s_command, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    name.StartsWith("HF_", StringComparison.Ordinal)
                    || name.StartsWith("HUGGING", StringComparison.Ordinal)
                )
                .ToList()
        )
            start.Environment.Remove(name);
        start.Environment["HF_ENDPOINT"] = hub.Endpoint.ToString();
        start.Environment["HF_HOME"] = folder.Path;
        start.Environment["NO_PROXY"] = "127.0.0.1";
        return Process.Start(start)!;
    }
}
