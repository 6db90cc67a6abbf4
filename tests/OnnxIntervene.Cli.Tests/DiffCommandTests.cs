using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>The command that compares two models.</summary>
public sealed class DiffCommandTests
{
    private static readonly string s_dynamo = Export("gemma2", "dynamo");
    private static readonly string s_optimum = Export("gemma2", "optimum");

    [Test]
    public async Task The_first_component_to_part_is_named_with_what_it_computes()
    {
        using var folder = new TemporaryFolder();

        var (output, error, exit) = await Command.RunAsync([
            "diff",
            s_dynamo,
            s_optimum,
            "--ids",
            "1,2,3,4,5,6",
            "--out",
            folder.File("diff"),
        ]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("attention_weight of layer 0, although it reads the same"));
        Assert.That(output, Does.Contain("rotary embedding, scale, cap, mask, softmax"));
        Assert.That(output, Does.Contain("3 of 39"));
        Assert.That(output.Split('\n').Select(line => line.TrimEnd().Length), Is.All.LessThanOrEqualTo(80), output);
        string[] files =
        [
            "diff.html",
            "diff.json",
            "diff-relative-error.png",
            "diff-restored.csv",
            "diff-repaired.png",
        ];
        Assert.That(files.Select(file => File.Exists(Path.Combine(folder.File("diff"), file))), Is.All.True);
    }

    [Test]
    public async Task Json_holds_every_component_and_the_outputs()
    {
        using var folder = new TemporaryFolder();

        var (output, error, exit) = await Command.RunAsync([
            "diff",
            s_dynamo,
            s_optimum,
            "--ids",
            "1,2,3,4",
            "--ids",
            "9,8,7",
            "--json",
            "--out",
            folder.File("diff"),
        ]);

        using var json = JsonDocument.Parse(output);
        var root = json.RootElement;
        Assert.That(exit, Is.Zero, error);
        Assert.That(root.GetProperty("examples").GetInt32(), Is.EqualTo(2));
        Assert.That(root.GetProperty("positions").GetInt32(), Is.EqualTo(7));
        Assert.That(root.GetProperty("output").GetProperty("distances").GetArrayLength(), Is.EqualTo(2));
        Assert.That(root.GetProperty("first").GetProperty("component").GetString(), Is.EqualTo("attention_weight"));
        Assert.That(root.GetProperty("components").GetArrayLength(), Is.EqualTo(39));
        var first = root.GetProperty("components")[0];
        foreach (var name in new[] { "relative_error", "cosine", "largest_difference", "local_error", "restored" })
            Assert.That(first.TryGetProperty(name, out _), name);
    }

    [Test]
    public async Task Texts_of_a_file_are_compared_on_the_models_own_tokenizer()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllLinesAsync(folder.File("prompts.txt"), ["The company Volvo makes", "A young salmon is"]);

        var (output, error, exit) = await Command.RunAsync([
            "diff",
            RepositoryPaths.DefaultModel,
            RepositoryPaths.DefaultModel,
            "--prompts",
            folder.File("prompts.txt"),
            "--component",
            "block_output",
            "--out",
            folder.File("diff"),
        ]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("none: every component computes the same from the same"));
        Assert.That(error, Does.Contain("The outputs are the same within rounding"));
    }

    [Test]
    public async Task Images_are_compared_from_a_file()
    {
        using var folder = new TemporaryFolder();
        var vit = Export("vit", "optimum");
        var family = ReferenceFamily.All(RepositoryPaths.OwnReferences).Single(item => item.Name == "vit");
        Formats.SafetensorsFile.Write(folder.File("images.safetensors"), family.Inputs(family.Cases[0].Base).Arrays);

        var (output, error, exit) = await Command.RunAsync([
            "diff",
            vit,
            vit,
            "--base-file",
            folder.File("images.safetensors"),
            "--out",
            folder.File("diff"),
        ]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("39 components"));
    }

    [Test]
    public async Task What_collect_saved_is_taken_for_right()
    {
        using var folder = new TemporaryFolder();
        var saved = folder.File("saved.safetensors");
        string[] collect = ["collect", s_dynamo, "--base-ids", "1,2,3,4,5", "--out", saved];
        await Command.RunAsync([.. collect, "--component", "attention_weight", "--component", "block_output"]);

        var (output, error, exit) = await Command.RunAsync([
            "diff",
            s_optimum,
            saved,
            "--json",
            "--out",
            folder.File("diff"),
        ]);

        using var json = JsonDocument.Parse(output);
        Assert.That(exit, Is.Zero, error);
        Assert.That(json.RootElement.GetProperty("a").GetString(), Does.EndWith("saved.safetensors"));
        Assert.That(json.RootElement.GetProperty("components").GetArrayLength(), Is.EqualTo(6));
        Assert.That(
            json.RootElement.GetProperty("first").GetProperty("component").GetString(),
            Is.EqualTo("attention_weight")
        );
        Assert.That(error, Does.Contain("A's outputs are not known"));
    }

    [TestCase(new[] { "a.safetensors", "b.npz" }, 1, "A and B are both files of activations")]
    [TestCase(new[] { "a.safetensors", "MODEL" }, 2, "There is no file")]
    [TestCase(new[] { "MODEL", "MODEL" }, 1, "give at least one prompt")]
    [TestCase(new[] { "MODEL", "MODEL", "--ids", "1,x" }, 1, "'x' is not a token id")]
    [TestCase(new[] { "MODEL", "MODEL", "--ids", "1,2", "--component", "block_outputs" }, 1, "block_output")]
    public async Task What_cannot_be_compared_is_refused(string[] arguments, int code, string message)
    {
        using var folder = new TemporaryFolder();

        var (output, error, exit) = await Command.RunAsync([
            "diff",
            .. arguments.Select(argument => argument == "MODEL" ? s_optimum : argument),
            "--out",
            folder.File("diff"),
        ]);

        Assert.That(exit, Is.EqualTo(code), error);
        Assert.That(error, Does.Contain(message));
        Assert.That(output, Is.Empty);
        Assert.That(Directory.Exists(folder.File("diff")), Is.False);
    }

    [Test]
    public async Task The_second_model_is_required()
    {
        var (_, error, exit) = await Command.RunAsync("diff", s_dynamo, "--ids", "1,2");

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("Required argument 'B' missing"));
    }

    private static string Export(string family, string export) =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", family, export, "model.onnx");
}
