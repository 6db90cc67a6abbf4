using OnnxIntervene.Formats;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>
/// Small models on which examples and positions were once counted on the wrong axis: the command that users ran, and
/// what the model computes by hand.
/// </summary>
public sealed class CaseTests
{
    private static readonly string s_cases = Path.Combine(RepositoryPaths.OwnReferences, "cases");

    [TestCase("flat-tensor-by-name", "y")]
    [TestCase("last-position-of-features", "frames")]
    [TestCase("encoder-decoder-in-one-file", "logits")]
    [TestCase("batch-of-state-inputs", "y")]
    [TestCase("perceptron-without-positions", "y")]
    [TestCase("constant-source-on-a-tensor", "y")]
    [TestCase("positions-filled-in", "logits")]
    public async Task A_run_computes_what_is_right(string name, string output)
    {
        var found = await Run(name, "inputs.safetensors", output);

        var expected = SafetensorsFile.Open(InCase(name, "expected.safetensors")).Read(output);
        Assert.That(found.Shape, Is.EqualTo(expected.Shape));
        Assert.That(Difference.Largest(found.Floats, expected.Floats), Is.LessThan(1e-6));
    }

    [Test]
    public async Task Padding_on_the_left_changes_no_token_of_the_text()
    {
        var found = await Run("positions-filled-in", "left.safetensors", "logits");

        var expected = SafetensorsFile
            .Open(InCase("positions-filled-in", "expected-left.safetensors"))
            .Read("logits.last_three");
        Assert.That(Difference.Largest(found.Floats[^expected.Length..], expected.Floats), Is.LessThan(1e-6));
    }

    [TestCase("flat-tensor-by-name", "g", 2, 5, 8)]
    [TestCase("encoder-decoder-in-one-file", "block_output", 2, 9, 16)]
    [TestCase("batch-of-state-inputs", "emb", 3, 5, 4)]
    public async Task What_is_collected_is_the_whole_tensor(string name, string component, params int[] shape)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("out.safetensors");

        var (_, error, exit) = await Command.RunAsync(
            "collect",
            InCase(name, "model.onnx"),
            "--component",
            component,
            "--base-file",
            InCase(name, "inputs.safetensors"),
            "--out",
            file
        );

        Assert.That(exit, Is.Zero, error);
        var saved = SafetensorsFile.Open(file);
        Assert.That(saved.Read(saved.Names.First(key => key.StartsWith(component))).Shape, Is.EqualTo(shape));
    }

    private static string InCase(string name, string file) => Path.Combine(s_cases, name, file);

    private static async Task<NumericArray> Run(string name, string inputs, string output)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("out.safetensors");
        var (_, error, exit) = await Command.RunAsync(
            "run",
            InCase(name, "model.onnx"),
            "--config",
            InCase(name, "config.json"),
            "--base-file",
            InCase(name, inputs),
            "--out",
            file
        );
        Assert.That(exit, Is.Zero, error);
        return SafetensorsFile.Open(file).Read(output);
    }
}
