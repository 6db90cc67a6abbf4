using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Interchange intervention training.</summary>
public sealed class IitTests
{
    private static readonly string s_causal = Path.Combine(RepositoryPaths.Root, "examples", "agreement.json");
    private static readonly string s_equality = Path.Combine(RepositoryPaths.OwnReferences, "das_equality");

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task A_trained_model_is_a_model_like_any_other()
    {
        var (output, error, exit) = await Command.RunAsync(
            "iit",
            "--causal",
            s_causal,
            "--at",
            "plural=4:head",
            "--kind",
            "LowRankRotatedSpace",
            "--rank",
            "16",
            "--weights",
            "transformer.h.5.mlp.c_proj.weight",
            "--weights",
            "transformer.h.5.mlp.c_proj.bias",
            "--examples",
            "40",
            "--steps",
            "3",
            "--batch",
            "8",
            "--threads",
            "1",
            "--out",
            _folder.File("iit"),
            "--json"
        );

        Assert.That(exit, Is.Zero, error);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.That(result.GetProperty("losses").GetArrayLength(), Is.EqualTo(3));
        Assert.That(result.GetProperty("weights").GetArrayLength(), Is.EqualTo(2));
        Assert.That(result.GetProperty("after").GetProperty("task").GetProperty("count").GetInt32(), Is.EqualTo(10));
        foreach (var name in new[] { "iit.html", "iit-loss.png", "iit-log.jsonl", "model/tokenizer.json" })
            Assert.That(File.Exists(_folder.File($"iit/{name}")), name);
        Assert.That(File.Exists(_folder.File("iit/iit.checkpoint.safetensors")), Is.False);
        using var trained = LoadedModel.Load(_folder.File("iit/model"));
        Assert.That(trained.HasTokenizer);
        Assert.That(
            trained.Model.Graph.Inputs.Any(input => input.Name.StartsWith("intervene", StringComparison.Ordinal)),
            Is.False
        );
    }

    [TestCase("either --at NAME=LAYER:POSITION or --config FILE")]
    [TestCase("Variable 1 has no site", "--at", "0=1:0")]
    [TestCase("no variable 'left'", "--at", "left=1:0")]
    [TestCase("two sites", "--at", "0=1:0", "--at", "0=2:0")]
    [TestCase("there is no position 5", "--at", "0=1:5", "--at", "1=1:0")]
    [TestCase("--rank belongs to --at", "--config", "a.json", "--rank", "2")]
    [TestCase("interchanges nothing", "--at", "0=1:0", "--at", "1=1:0", "--kind", "LoRA")]
    [TestCase("cannot be guessed", "--at", "0=1:0", "--at", "1=1:0", "--kind", "Autoencoder")]
    [TestCase("'none'", "--at", "0=1:0", "--at", "1=1:0", "--weights", "none")]
    [TestCase("from 1 to 8", "--at", "0=1:0", "--at", "1=1:0", "--rank", "9")]
    [TestCase("Microsoft.ML.OnnxRuntime.Training 1.19.2", "--at", "0=1:0", "--engine", "ort-training")]
    public async Task What_does_not_fit_is_refused(string reason, params string[] arguments)
    {
        var (_, error, exit) = await Command.RunAsync([
            "iit",
            Path.Combine(s_equality, "model.onnx"),
            "--data",
            Path.Combine(s_equality, "data.safetensors"),
            "--out",
            _folder.File("iit"),
            .. arguments,
        ]);

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(error, Does.Contain(reason).IgnoreCase);
        Assert.That(Directory.Exists(_folder.File("iit")), Is.False);
    }

    [Test]
    public async Task A_checkpoint_of_another_training_is_refused()
    {
        Directory.CreateDirectory(_folder.File("iit"));
        File.WriteAllText(_folder.File("iit/iit.checkpoint.safetensors"), "not a checkpoint");

        var (_, error, exit) = await Command.RunAsync(
            "iit",
            Path.Combine(s_equality, "model.onnx"),
            "--data",
            Path.Combine(s_equality, "data.safetensors"),
            "--at",
            "0=1:0",
            "--at",
            "1=1:0",
            "--out",
            _folder.File("iit")
        );

        Assert.That(exit, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain("iit.checkpoint.safetensors"));
    }
}
