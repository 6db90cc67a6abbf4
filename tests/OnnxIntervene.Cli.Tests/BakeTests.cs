using System.Security.Cryptography;
using System.Text.Json;
using OnnxIntervene.Baking;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>What is baked from the command line, and what it says of it.</summary>
public sealed class BakeTests
{
    private static readonly string s_model = Path.Combine(
        RepositoryPaths.OwnReferences,
        "families",
        "llama",
        "genai-fp32"
    );
    private static readonly string s_vector = Path.Combine(
        RepositoryPaths.OwnReferences,
        "formats",
        "control_vector.gguf"
    );

    [TestCase("--spliced")]
    [TestCase("--folded")]
    [TestCase("--adapter")]
    public async Task A_control_vector_is_baked_and_proved(string form)
    {
        using var folder = new TemporaryFolder();

        var (output, error, exit) = await Command.RunAsync([
            "bake",
            s_model,
            "--vector",
            s_vector,
            "--coefficient",
            "2",
            form,
            "--ids",
            "5,7",
            "--json",
            .. Out(folder),
        ]);
        using var json = JsonDocument.Parse(output);
        var evidence = json.RootElement.GetProperty("evidence").EnumerateArray().ToList();

        Assert.That(exit, Is.Zero, error);
        Assert.That(json.RootElement.GetProperty("changes").GetArrayLength(), Is.EqualTo(3));
        Assert.That(
            evidence.Select(found => found.GetProperty("input").GetString()),
            Has.Member("random 1").And.Member("prompt 1")
        );
        Assert.That(evidence.Select(found => found.GetProperty("relative").GetDouble()), Has.All.AtMost(1e-5));
        Assert.That(File.Exists(folder.File("out/model.onnx")));
        Assert.That(File.Exists(folder.File($"out/{Baker.AdapterName}")), Is.EqualTo(form == "--adapter"));
    }

    [Test]
    public async Task The_baked_file_says_of_what_and_how_it_was_made()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["--vector", s_vector, "--coefficient", "2", .. Out(folder)];

        await Command.RunAsync(["bake", s_model, .. arguments]);
        var (text, _, _) = await Command.RunAsync("inspect", folder.File("out"));
        var (output, _, _) = await Command.RunAsync("inspect", folder.File("out"), "--json");
        using var json = JsonDocument.Parse(output);
        var baked = json.RootElement.GetProperty("baked");

        Assert.That(text, Does.Contain("Baked: Addition at block_output of layer 1, times 2: spliced"));
        Assert.That(text, Does.Contain($"Baked with: onnx-intervene bake {s_model} --vector {s_vector}"));
        Assert.That(
            baked.GetProperty("command").GetString(),
            Is.EqualTo(string.Join(' ', ["onnx-intervene", "bake", s_model, .. arguments]))
        );
        Assert.That(
            baked.GetProperty("intervention_files").GetProperty("control_vector.gguf").GetString(),
            Is.EqualTo($"sha256:{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(s_vector)))}")
        );
    }

    [Test]
    public async Task Every_file_that_interventions_are_read_from_is_named_with_its_checksum()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("add.json"),
            """
            {"interventions":[{"kind":"Addition","component":"block_output","layer":1,
            "source":"f.safetensors#direction"}]}
            """
        );
        File.Copy(Path.Combine(Path.GetDirectoryName(s_vector)!, "formats.safetensors"), folder.File("f.safetensors"));
        var adapter = Path.Combine(Path.GetDirectoryName(s_vector)!, "lora");

        Assert.That(
            await Files("--config", folder.File("add.json")),
            Is.EqualTo(new[] { "add.json", "f.safetensors" })
        );
        Assert.That(
            await Files("--vector", adapter, "--vector", $"{folder.File("f.safetensors")}#direction", "--layer", "1"),
            Is.EqualTo(new[] { "adapter_config.json", "adapter_model.safetensors", "f.safetensors" })
        );

        async Task<string[]> Files(params string[] arguments)
        {
            var (_, error, exit) = await Command.RunAsync(["bake", s_model, .. arguments, .. Out(folder)]);
            Assert.That(exit, Is.Zero, error);
            var (output, _, _) = await Command.RunAsync("inspect", folder.File("out"), "--json");
            using var json = JsonDocument.Parse(output);
            var files = json.RootElement.GetProperty("baked").GetProperty("intervention_files");
            return [.. files.EnumerateObject().Select(file => file.Name)];
        }
    }

    [Test]
    public async Task A_table_says_how_the_file_compares()
    {
        using var folder = new TemporaryFolder();

        var (output, _, exit) = await Command.RunAsync([
            "bake",
            s_model,
            "--vector",
            s_vector,
            "--layer",
            "1",
            "--folded",
            .. Out(folder),
        ]);

        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Contain("as a bias of").And.Contain("difference").And.Contain("random 2"));
    }

    [Test]
    public async Task Weights_of_few_bits_take_an_adapter_in_when_they_may_be_rounded()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(RepositoryPaths.OwnReferences, "families", "llama-int4", "genai-int4");
        var adapter = Path.Combine(RepositoryPaths.OwnReferences, "formats", "lora");
        string[] arguments = ["bake", model, "--vector", adapter, "--folded", "--ids", "5,7", .. Out(folder)];

        var (_, refused, failed) = await Command.RunAsync(arguments);
        var (output, error, exit) = await Command.RunAsync([.. arguments, "--requantise", "--json"]);
        using var json = JsonDocument.Parse(output);
        var evidence = json.RootElement.GetProperty("evidence").EnumerateArray().ToList();

        Assert.That((failed, refused.Contains("(--requantise)", StringComparison.Ordinal)), Is.EqualTo((1, true)));
        Assert.That(exit, Is.Zero, error);
        Assert.That(json.RootElement.GetProperty("roundings")[0].GetProperty("bits").GetInt32(), Is.EqualTo(4));
        Assert.That(evidence.Select(found => found.GetProperty("divergence").GetDouble()), Has.All.GreaterThan(0));
    }

    [TestCase("needs one of two", "Give --vector or --config")]
    [TestCase("--vector V --folded --adapter", "one of")]
    [TestCase("--vector V --requantise", "it needs --folded")]
    [TestCase("--vector V --layer 0", "no direction for layer 0")]
    [TestCase("--vector missing.npy --layer 0", "missing.npy")]
    public async Task What_cannot_be_meant_is_refused(string arguments, string message)
    {
        using var folder = new TemporaryFolder();
        var named = arguments.Replace("V", s_vector, StringComparison.Ordinal);
        string[] given = named.StartsWith('-') ? named.Split(' ') : [];

        var (_, error, exit) = await Command.RunAsync(["bake", s_model, .. given, .. Out(folder)]);

        Assert.That(exit, Is.Not.Zero);
        Assert.That(error, Does.Contain(message));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    private static string[] Out(TemporaryFolder folder) => ["--out", folder.File("out")];
}
