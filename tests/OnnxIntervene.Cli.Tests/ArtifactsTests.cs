using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Files for ONNX Runtime Training.</summary>
public sealed class ArtifactsTests
{
    private const string Rotation = """
        {"representations": [{"layer": 1, "component": "block_output", "low_rank_dimension": 2}],
         "intervention_types": "LowRankRotatedSpaceIntervention",
         "unit_locations": {"sources->base": 3}}
        """;

    private static readonly string s_model = Path.Combine(
        RepositoryPaths.References,
        "families",
        "gpt2",
        "optimum",
        "model.onnx"
    );

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task The_four_files_of_a_configuration_are_written()
    {
        File.WriteAllText(_folder.File("rotation.json"), Rotation);

        var (output, error, exit) = await Run("--config", _folder.File("rotation.json"), "--json");

        Assert.That(exit, Is.Zero, error);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.That(
            result.GetProperty("inputs").EnumerateArray().Select(name => name.GetString()),
            Has.Member("source_input_ids").And.Member("labels")
        );
        Assert.That(result.GetProperty("trained").GetArrayLength(), Is.EqualTo(1));
        string[] names = ["training_model.onnx", "eval_model.onnx", "optimizer_model.onnx", "checkpoint"];
        Assert.That(Directory.GetFiles(_folder.File("out")).Select(Path.GetFileName), Is.EquivalentTo(names));
    }

    [Test]
    public async Task What_to_train_must_be_said()
    {
        var (_, error, exit) = await Run();

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("--config FILE or --weights NAME"));
    }

    private Task<(string Output, string Error, int Exit)> Run(params string[] options) =>
        Command.RunAsync(["artifacts", s_model, "--out", _folder.File("out"), .. options]);
}
