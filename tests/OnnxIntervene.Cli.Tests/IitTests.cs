using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Interchange intervention training.</summary>
public sealed class IitTests
{
    private static readonly string s_causal = Path.Combine(RepositoryPaths.Root, "examples", "agreement.json");
    private static readonly string s_equality = Path.Combine(RepositoryPaths.OwnReferences, "das_equality");

    private static readonly string[] s_sites = ["--at", "0=1:0", "--at", "1=1:0"];
    private static readonly string[] s_none = [];

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

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_a_training_takes_is_told_and_nothing_is_trained(bool asJson)
    {
        var (output, error, exit) = await OnEqualityAsync([.. s_sites, "--explain", .. asJson ? ["--json"] : s_none]);

        Assert.That(exit, Is.Zero, error);
        if (asJson)
            Assert.That(JsonDocument.Parse(output).RootElement.GetProperty("numbers").GetInt64(), Is.GreaterThan(100));
        else
            foreach (var word in new[] { "weights", "memory", "kept between steps", "computed twice", "naive step" })
                Assert.That(output, Does.Contain(word));
        Assert.That(Directory.Exists(_folder.File("iit")), Is.False);
    }

    [Test]
    public async Task A_training_ends_when_it_gets_no_better()
    {
        var (output, error, exit) = await OnEqualityAsync([
            .. s_sites,
            "--steps",
            "30",
            "--batch",
            "64",
            "--learning-rate",
            "1e-12",
            "--patience",
            "1",
            "--keep-aside",
            "0.02",
            "--measure-every",
            "2",
            "--json",
        ]);

        Assert.That(exit, Is.Zero, error);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.That(result.GetProperty("losses").GetArrayLength(), Is.EqualTo(4));
        Assert.That(result.GetProperty("held_out").GetArrayLength(), Is.EqualTo(2));
        Assert.That(result.GetProperty("best_measure").GetInt32(), Is.Zero);
        Assert.That(File.Exists(_folder.File("iit/iit-accuracy.png")), "the curve");
    }

    [Test]
    public async Task A_file_in_the_place_of_the_folder_is_refused_before_anything_is_read()
    {
        File.WriteAllText(_folder.File("iit"), "mine");

        var (_, error, exit) = await Command.RunAsync(
            "iit",
            "none.onnx",
            "--data",
            "none",
            "--at",
            "0=1:0",
            "--out",
            _folder.File("iit")
        );

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("is a file. Name a folder"));
        Assert.That(File.ReadAllText(_folder.File("iit")), Is.EqualTo("mine"));
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
    [TestCase("--keep-aside is for --patience", "--at", "0=1:0", "--at", "1=1:0", "--keep-aside", "0.2")]
    [TestCase("from 1 to 8", "--at", "0=1:0", "--at", "1=1:0", "--rank", "9")]
    [TestCase("Microsoft.ML.OnnxRuntime.Training 1.19.2", "--at", "0=1:0", "--engine", "ort-training")]
    public async Task What_does_not_fit_is_refused(string reason, params string[] arguments)
    {
        var (_, error, exit) = await OnEqualityAsync(arguments);

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(error, Does.Contain(reason).IgnoreCase);
        Assert.That(Directory.Exists(_folder.File("iit")), Is.False);
    }

    [Test]
    public async Task A_checkpoint_of_another_training_is_refused()
    {
        Directory.CreateDirectory(_folder.File("iit"));
        File.WriteAllText(_folder.File("iit/iit.checkpoint.safetensors"), "not a checkpoint");

        var (_, error, exit) = await OnEqualityAsync(s_sites);

        Assert.That(exit, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain("iit.checkpoint.safetensors"));
    }

    private Task<(string Output, string Error, int Exit)> OnEqualityAsync(string[] arguments) =>
        Command.RunAsync([
            "iit",
            Path.Combine(s_equality, "model.onnx"),
            "--data",
            Path.Combine(s_equality, "data.safetensors"),
            "--out",
            _folder.File("iit"),
            .. arguments,
        ]);
}
