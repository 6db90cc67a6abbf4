using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Distributed alignment search.</summary>
public sealed class DasTests
{
    private static readonly string s_causal = Path.Combine(RepositoryPaths.Root, "examples", "agreement.json");

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task Interchanges_of_a_causal_model_are_searched_in_every_cell()
    {
        var output = await Run("--out", _folder.File("das"), "--json");
        var result = JsonDocument.Parse(output).RootElement;
        var cells = result.GetProperty("cells").EnumerateArray().ToList();

        Assert.That(cells, Has.Count.EqualTo(2));
        Assert.That(result.GetProperty("training_examples").GetInt32(), Is.EqualTo(30));
        Assert.That(result.GetProperty("test_examples").GetInt32(), Is.EqualTo(10));
        foreach (var cell in cells)
        {
            var scores = cell.GetProperty("scores");
            var accuracy = scores.GetProperty("interchange");
            Assert.That(accuracy.GetProperty("count").GetInt32(), Is.EqualTo(10));
            Assert.That(accuracy.GetProperty("low").GetDouble(), Is.LessThan(accuracy.GetProperty("high").GetDouble()));
            Assert.That(scores.GetProperty("doing_nothing").GetProperty("accuracy").GetDouble(), Is.LessThan(1));
            Assert.That(scores.GetProperty("random_subspace").ValueKind, Is.EqualTo(JsonValueKind.Object));
        }

        foreach (
            var name in new[] { "das.html", "das-iia.png", "das-iia.csv", "das-loss.png", "intervention/config.json" }
        )
            Assert.That(File.Exists(_folder.File($"das/{name}")), name);
        Assert.That(Directory.GetFiles(_folder.File("das"), "*.cells.jsonl"), Is.Empty);
        using var saved = IntervenableModel.LoadFolder(RepositoryPaths.DefaultModel, _folder.File("das/intervention"));
        Assert.That(saved.Interventions[0].Parameters["rotate_layer.weight"].Shape[1], Is.EqualTo(2));
    }

    [Test]
    public async Task What_is_computed_once_is_told_before_anything_is_trained()
    {
        var text = await Run("--out", _folder.File("das"), "--explain", "--checkpoint-every-layers", "2");

        Assert.That(text, Does.Contain("once for each example").And.Contain("KiB an example"));
        Assert.That(text, Does.Contain("layer 3").And.Contain("computed a second time"));
        Assert.That(text, Does.Contain("logits where the loss reads them alone"));
        Assert.That(Directory.Exists(_folder.File("das")), Is.False);
    }

    [Test]
    public async Task Shards_together_make_the_report_of_the_whole()
    {
        foreach (var shard in new[] { "0/2", "1/2" })
            await Run("--shard", shard, "--out", _folder.File("parts"));
        var whole = await Run("--out", _folder.File("whole"), "--json");

        var (merged, error, exit) = await Command.RunAsync("merge", _folder.File("parts"), "--json");

        Assert.That(exit, Is.Zero, error);
        Assert.That(merged.Replace("parts", "whole", StringComparison.Ordinal), Is.EqualTo(whole));
        Assert.That(
            File.ReadAllText(_folder.File("parts/intervention/config.json")),
            Is.EqualTo(File.ReadAllText(_folder.File("whole/intervention/config.json")))
        );
    }

    [Test]
    public async Task A_file_with_sets_is_trained_on_one_and_measured_on_the_other()
    {
        var folder = Path.Combine(RepositoryPaths.OwnReferences, "das_equality");
        var (output, error, exit) = await Command.RunAsync(
            "das",
            Path.Combine(folder, "model.onnx"),
            "--data",
            Path.Combine(folder, "data.safetensors"),
            "--layers",
            "2",
            "--rank",
            "8",
            "--steps",
            "2",
            "--batch",
            "512",
            "--threads",
            "1",
            "--out",
            _folder.File("das")
        );

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("16384 to train on, 4096 to measure"));
        Assert.That(output, Does.Contain("8 for each of 2 variables"));
        Assert.That(error, Does.Contain("No cell is surely better than doing nothing"));
    }

    [Test]
    public async Task Heads_are_searched_one_by_one_and_a_training_may_end_early()
    {
        var (output, error, exit) = await Command.RunAsync(
            "das",
            "--causal",
            s_causal,
            "--layers",
            "3",
            "--examples",
            "40",
            "--batch",
            "8",
            "--threads",
            "1",
            "--out",
            _folder.File("das"),
            "--json",
            "--component",
            "head_attention_value_output",
            "--heads",
            "1,4",
            "--positions",
            "last",
            "--kind",
            "SigmoidMaskIntervention",
            "--patience",
            "1",
            "--measure-every",
            "1",
            "--steps",
            "6",
            "--learning-rate",
            "1e-9"
        );

        Assert.That(exit, Is.Zero, error);
        var cells = JsonDocument.Parse(output).RootElement.GetProperty("cells").EnumerateArray().ToList();

        Assert.That(
            cells.Select(cell => cell.GetProperty("position").GetString()),
            Is.EqualTo(new[] { "last, head 1", "last, head 4" })
        );
        Assert.That(cells.Select(cell => cell.GetProperty("held_out").GetArrayLength()), Is.All.EqualTo(2));
        Assert.That(cells.Select(cell => cell.GetProperty("batches").GetInt32()), Is.All.EqualTo(2));
        Assert.That(File.Exists(_folder.File("das/das-held-out.png")));
        using var saved = IntervenableModel.LoadFolder(RepositoryPaths.DefaultModel, _folder.File("das/intervention"));
        Assert.That(saved.Interventions[0].Parameters["mask"].Shape, Is.EqualTo(new[] { 32 }));
    }

    [TestCase("is not a kind of intervention", "--kind", "Turned")]
    [TestCase("is not trained to interchange", "--kind", "Vanilla")]
    [TestCase("not two positive numbers", "--temperature", "50")]
    [TestCase("--keep-aside", "--patience", "2", "--keep-aside", "1")]
    [TestCase("--measure-every is for --patience", "--measure-every", "2")]
    [TestCase("has no heads", "--heads", "1")]
    [TestCase("not NAME=LAYER:POSITION", "--at", "plural")]
    [TestCase("no variable 'number'", "--at", "number=1:last")]
    [TestCase("two sites", "--at", "plural=1:last", "--at", "plural=2:last")]
    [TestCase("leave one of them", "--at", "plural=1:last")]
    [TestCase("there is no head 9", "--component", "head_query_output", "--heads", "9")]
    public async Task A_kind_or_a_site_that_does_not_fit_is_refused(string reason, params string[] arguments)
    {
        var (_, error, exit) = await Command.RunAsync([
            "das",
            "--causal",
            s_causal,
            "--positions",
            "last",
            "--examples",
            "20",
            "--out",
            _folder.File("das"),
            .. arguments,
        ]);

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(error, Does.Contain(reason));
        Assert.That(Directory.Exists(_folder.File("das")), Is.False);
    }

    [TestCase("either --data FILE or --causal FILE")]
    [TestCase("either --data FILE or --causal FILE", "--causal", "a.json", "--data", "b.jsonl")]
    [TestCase("no variable 'gender'", "--causal", "CAUSAL", "--variable", "gender")]
    [TestCase("'head' is an input or output", "--causal", "CAUSAL", "--variable", "head")]
    [TestCase("from 1 to 192", "--causal", "CAUSAL", "--rank", "193", "--positions", "last")]
    [TestCase("no position named 'verb'", "--causal", "CAUSAL", "--positions", "verb")]
    [TestCase("stand in its file", "--causal", "CAUSAL", "--answer", " is")]
    [TestCase("Microsoft.ML.OnnxRuntime.Training 1.19.2", "--causal", "CAUSAL", "--engine", "ort-training")]
    [TestCase("-p:OrtFlavor=Training", "absent.onnx", "--causal", "CAUSAL", "--engine", "ort-training")]
    [TestCase("no engine 'torch'", "--causal", "CAUSAL", "--engine", "torch")]
    [TestCase("no 'steep'", "--causal", "CAUSAL", "--schedule", "steep")]
    public async Task What_does_not_fit_is_refused(string reason, params string[] arguments)
    {
        var given = arguments.Select(argument => argument == "CAUSAL" ? s_causal : argument);

        var (_, error, exit) = await Command.RunAsync(["das", .. given, "--out", _folder.File("das")]);

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(error, Does.Contain(reason));
        Assert.That(Directory.Exists(_folder.File("das")), Is.False);
    }

    private static async Task<string> Run(params string[] arguments)
    {
        string[] all =
        [
            "das",
            "--causal",
            s_causal,
            "--positions",
            "head,last",
            "--layers",
            "3",
            "--threads",
            "1",
            "--examples",
            "40",
            "--rank",
            "2",
            "--steps",
            "2",
            "--batch",
            "8",
            .. arguments,
        ];
        var (output, error, exit) = await Command.RunAsync(all);
        Assert.That(exit, Is.Zero, error);
        return output;
    }
}
