using System.Text.Json;
using OnnxIntervene.Cli.Commands;
using OnnxIntervene.Formats;
using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Whose fault it was: the exit code and the kind of each exception, as text and as JSON.</summary>
public sealed class FaultTests
{
    private static readonly TestCaseData<Exception, string, int>[] s_faults =
    [
        new(new InterventionException("x"), "request", 1),
        new(new ModelFormatException("x"), "file", 2),
        new(new InvalidGraphException("x"), "file", 2),
        new(new ExecutionException("x"), "machine", 3),
        new(new IOException("x"), "machine", 3),
        new(new UnauthorizedAccessException("x"), "machine", 3),
        new(new HubException("x"), "network", 4),
        new(new OperationCanceledException("x"), "cancelled", 130),
    ];

    [TestCaseSource(nameof(s_faults))]
    public void The_type_of_an_exception_says_whose_fault_it_was(Exception exception, string kind, int code)
    {
        var fault = CommandFault.Of(exception)!;

        Assert.That((fault.Kind, fault.ExitCode), Is.EqualTo((kind, code)));
    }

    [Test]
    public void A_fault_of_ours_is_not_explained_away() =>
        Assert.That(CommandFault.Of(new InvalidOperationException("x")), Is.Null);

    [TestCase("request", 1, "patch", "--clean", "a", "--corrupt", "b", "--answer", "no such token at all")]
    [TestCase("request", 1, "run", "--base", "a")]
    [TestCase("request", 1, "pull", "owner/name")]
    [TestCase("file", 2, "inspect", "no-such-model")]
    public async Task With_json_an_error_is_one_object_on_the_output_and_a_message_beside_it(
        string kind,
        int code,
        params string[] arguments
    )
    {
        var (output, error, exit) = await Command.RunAsync([.. arguments, "--json"]);
        using var json = JsonDocument.Parse(output);
        var fault = json.RootElement.GetProperty("error");

        Assert.That(exit, Is.EqualTo(code));
        Assert.That(fault.GetProperty("kind").GetString(), Is.EqualTo(kind));
        Assert.That(fault.GetProperty("exit_code").GetInt32(), Is.EqualTo(code));
        Assert.That(error, Is.EqualTo(fault.GetProperty("message").GetString() + Environment.NewLine));
    }

    [Test]
    public async Task Without_json_the_output_stays_empty()
    {
        var (output, error, exit) = await Command.RunAsync("inspect", "no-such-model");

        Assert.That((output, exit), Is.EqualTo(("", 2)));
        Assert.That(error, Does.Contain("'no-such-model'"));
    }

    [Test]
    public async Task A_file_that_cannot_be_written_is_the_fault_of_the_machine()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("file"), "");
        var (_, error, exit) = await Command.RunAsync(
            "collect",
            "--component",
            "mlp_output",
            "--layers",
            "0",
            "--base",
            "The company Volvo makes",
            "--out",
            folder.File("file/values.npy")
        );

        Assert.That(exit, Is.EqualTo(3), error);
    }

    [Test]
    public async Task A_run_that_onnx_runtime_stops_is_the_fault_of_the_machine()
    {
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(
            folder.File("inputs.safetensors"),
            new Dictionary<string, NumericArray>
            {
                ["input_ids"] = NumericArray.Of(new long[] { 1, 2, 3 }, 1, 3),
                ["position_ids"] = NumericArray.Of(new long[] { 0, 1 }, 1, 2),
            }
        );
        var (output, _, exit) = await Command.RunAsync(
            "collect",
            "--component",
            "mlp_output",
            "--base-file",
            folder.File("inputs.safetensors"),
            "--json",
            "--out",
            folder.File("values.npy")
        );

        Assert.That(exit, Is.EqualTo(3));
        Assert.That(output, Does.Contain("\"machine\"").And.Contain("ONNX Runtime"));
    }

    [Test]
    public async Task Help_lists_the_exit_codes()
    {
        var (output, _, exit) = await Command.RunAsync("--help");

        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Contain("Exit codes: 0 done; 1 ").And.Contain("130 cancelled"));
    }
}
