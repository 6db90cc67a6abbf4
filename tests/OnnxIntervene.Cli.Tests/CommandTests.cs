using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Commands with captured writers, on the default model.</summary>
public sealed class CommandTests
{
    private static readonly string s_examples = Path.Combine(RepositoryPaths.Root, "examples");

    [Test]
    public void Inspect_lists_components_and_prints_json()
    {
        var (text, _) = Invoke("inspect", RepositoryPaths.DefaultModel);
        using var json = JsonDocument.Parse(Invoke("inspect", RepositoryPaths.DefaultModel, "--json").Output);

        Assert.That(text, Does.Contain("head_attention_value_output").And.Contain("6 layers"));
        Assert.That(json.RootElement.GetProperty("components").GetArrayLength(), Is.EqualTo(102));
        Assert.That(json.RootElement.GetProperty("not_found").GetArrayLength(), Is.Zero);
    }

    [Test]
    public void Run_shows_the_top_tokens_before_and_after()
    {
        var output = Invoke(
            "run",
            RepositoryPaths.DefaultModel,
            "--config",
            Path.Combine(s_examples, "swap.json"),
            "--base",
            "The company Adidas makes",
            "--source",
            "The company Volvo makes",
            "--top",
            "4",
            "--json"
        ).Output;
        using var json = JsonDocument.Parse(output);

        Assert.That(json.RootElement.GetProperty("before")[0].GetProperty("text").GetString(), Is.EqualTo(" Sambas"));
        Assert.That(json.RootElement.GetProperty("after").GetArrayLength(), Is.EqualTo(4));
        Assert.That(
            json.RootElement.GetProperty("after")[0].GetProperty("probability").GetSingle(),
            Is.Not.EqualTo(json.RootElement.GetProperty("before")[0].GetProperty("probability").GetSingle())
        );
    }

    [Test]
    public void Run_takes_constant_sources_coefficients_and_token_ids()
    {
        var (output, _) = Invoke(
            "run",
            RepositoryPaths.DefaultModel,
            "--config",
            Path.Combine(s_examples, "steer.json"),
            "--base",
            "The company Volvo makes",
            "--top",
            "3"
        );

        Assert.That(output, Does.Contain("estates"));
        Assert.That(
            () => Invoke("run", "--config", Path.Combine(s_examples, "steer.json"), "--base-ids", "1,x"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("'x'")
        );
    }

    [Test]
    public void Run_explains_itself_first_and_saves_interventions()
    {
        using var folder = new TemporaryFolder();
        string[] run =
        [
            "run",
            RepositoryPaths.DefaultModel,
            "--base",
            "The company Adidas makes",
            "--source",
            "The company Volvo makes",
            "--json",
            "--config",
        ];

        var (first, told) = Invoke([
            .. run,
            Path.Combine(s_examples, "rotate.json"),
            "--explain",
            "--save",
            folder.File("own"),
            "--out",
            folder.File("a.safetensors"),
        ]);
        Invoke([
            .. run,
            Path.Combine(s_examples, "rotate.json"),
            "--save",
            folder.File("torch"),
            "--save-format",
            "torch",
        ]);
        using var explanation = JsonDocument.Parse(told);

        Assert.That(explanation.RootElement.GetProperty("sites").GetArrayLength(), Is.EqualTo(3));
        Assert.That(explanation.RootElement.GetProperty("runs")[1].GetProperty("run").GetString(), Is.EqualTo("base"));
        Assert.That(first, Does.Contain("before"));
        Assert.That(
            Directory.GetFiles(folder.File("own")).Select(Path.GetExtension),
            Is.EquivalentTo(new[] { ".json", ".safetensors", ".safetensors" })
        );
        Assert.That(
            Directory.GetFiles(folder.File("torch")).Select(Path.GetExtension),
            Is.EquivalentTo(new[] { ".json", ".bin", ".bin" })
        );
        Assert.That(SafetensorsFile.Open(folder.File("a.safetensors")).Names, Does.Contain("logits.before"));
    }

    [Test]
    public void Splice_writes_a_model_that_runs_as_it_was_and_refuses_its_own_folder()
    {
        using var folder = new TemporaryFolder();

        var (output, _) = Invoke(
            "splice",
            RepositoryPaths.DefaultModel,
            "--config",
            Path.Combine(s_examples, "rotate.json"),
            "--out",
            folder.Path,
            "--json"
        );
        using var json = JsonDocument.Parse(output);

        Assert.That(
            json.RootElement.GetProperty("sites")[1]
                .GetProperty("inputs")
                .EnumerateArray()
                .Select(item => item.GetString()),
            Does.Contain("intervene/1/rotate_layer.weight")
        );
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(2));
        Assert.That(
            () =>
                Invoke(
                    "splice",
                    folder.Path,
                    "--config",
                    Path.Combine(s_examples, "rotate.json"),
                    "--out",
                    folder.Path
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("own folder")
        );
    }

    [Test]
    public void Collect_writes_values_with_their_names_and_tokens()
    {
        using var folder = new TemporaryFolder();
        Invoke(
            "collect",
            RepositoryPaths.DefaultModel,
            "--component",
            "mlp_output",
            "--layers",
            "1,3-4",
            "--base",
            "The Space Needle",
            "--out",
            folder.File("a.safetensors")
        );
        Invoke(
            "collect",
            RepositoryPaths.DefaultModel,
            "--component",
            "mlp_output",
            "--layers",
            "1,3-4",
            "--base",
            "The Space Needle",
            "--out",
            folder.File("a.npy")
        );

        var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        var array = NumpyFile.Read(folder.File("a.npy"));

        Assert.That(string.Join(' ', file.Names), Is.EqualTo("input_ids mlp_output.1 mlp_output.3 mlp_output.4"));
        Assert.That(string.Join(' ', array.Shape), Is.EqualTo("3 1 8 192"));
        Assert.That(array.Floats[..(8 * 192)].SequenceEqual(file.Read("mlp_output.1").Floats));
    }

    [Test]
    public void Trace_writes_pictures_a_page_tables_and_json()
    {
        using var folder = new TemporaryFolder();

        var (output, error) = Invoke(
            "trace",
            RepositoryPaths.DefaultModel,
            "--prompt",
            "The company Volvo makes",
            "--subject",
            "Volvo",
            "--answer",
            " estates",
            "--samples",
            "4",
            "--out",
            folder.Path
        );

        using var json = JsonDocument.Parse(File.ReadAllText(folder.File("trace.json")));
        var restored = json.RootElement.GetProperty("grids")[0].GetProperty("mean");
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(8));
        Assert.That(output, Does.Contain("with block_output restored"));
        Assert.That(error, Does.Contain("trace.html"));
        var prompt = json.RootElement.GetProperty("prompts")[0];
        Assert.That(prompt.GetProperty("clean_metrics").GetProperty("probability").GetSingle(), Is.GreaterThan(0.9));
        Assert.That(prompt.GetProperty("corrupt_metrics").GetProperty("probability").GetSingle(), Is.LessThan(0.2));
        Assert.That(restored[0][4].GetSingle(), Is.GreaterThan(0.4), "the subject's token, early");
        Assert.That(restored[5][4].GetSingle(), Is.LessThan(0.2), "the subject's token, late");
        Assert.That(restored[5][6].GetSingle(), Is.GreaterThan(0.9), "the last token, late");
    }

    [Test]
    public void A_report_says_what_made_it_and_has_the_formats_that_were_asked_for()
    {
        using var folder = new TemporaryFolder();
        string[] trace = ["trace", "--prompt", "The company Volvo makes", "--subject", "Volvo", "--answer", " estates"];

        Invoke([.. trace, "--samples", "1", "--formats", "html, pdf,parquet", "--out", folder.Path]);

        var page = File.ReadAllText(folder.File("trace.html"));
        Assert.That(
            Directory.GetFiles(folder.Path).Select(Path.GetExtension).Distinct().Order(),
            Is.EqualTo(new[] { ".html", ".parquet", ".pdf" })
        );
        Assert.That(page, Does.Contain("<th scope=\"row\">samples</th><td>1</td>"));
        Assert.That(page, Does.Contain("<th scope=\"row\">seed</th><td>0</td>"));
        Assert.That(
            page,
            Does.Contain($"<th scope=\"row\">ONNX Runtime</th><td>{ExecutionProviders.RuntimeVersion}</td>")
        );
        Assert.That(page, Does.Contain("<th scope=\"row\">execution provider</th><td>cpu</td>"));
    }

    [Test]
    public void Patch_finds_the_last_token_in_the_last_layer()
    {
        using var folder = new TemporaryFolder();

        var (output, _) = Invoke(
            "patch",
            RepositoryPaths.DefaultModel,
            "--clean",
            "A young salmon is called a",
            "--corrupt",
            "A young elephant is called a",
            "--answer",
            " fry",
            "--wrong",
            " calf",
            "--layers",
            "0,5",
            "--positions",
            "0,9",
            "--json",
            "--out",
            folder.Path
        );

        using var json = JsonDocument.Parse(output);
        var normalized = json.RootElement.GetProperty("grids")[0].GetProperty("normalized");
        Assert.That(normalized[1][1].GetSingle(), Is.EqualTo(1).Within(1e-4));
        Assert.That(normalized[0][0].GetSingle(), Is.EqualTo(0).Within(1e-4));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(8));
    }

    [TestCase("Nedle", " Seattle", "'Nedle' is not in the prompt")]
    [TestCase("Space", "Seattle", "' Seattle', with the space before it")]
    public void A_subject_or_answer_that_does_not_fit_is_answered_with_tokens(
        string subject,
        string answer,
        string message
    ) =>
        Assert.That(
            () => Invoke("trace", "--prompt", "The Space Needle", "--subject", subject, "--answer", answer),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    [Test]
    public void Prompts_of_different_length_are_answered_with_both_token_lists() =>
        Assert.That(
            () => Invoke("patch", "--clean", "A young", "--corrupt", "A", "--answer", " fry", "--wrong", " calf"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("Clean, 3").And.Message.Contains("Corrupt, 2")
        );

    [TestCase("inspect")]
    [TestCase("run")]
    [TestCase("collect")]
    [TestCase("trace")]
    [TestCase("patch")]
    public void Help_shows_an_example(string command) =>
        Assert.That(Invoke(command, "--help").Output, Does.Contain("Example: onnx-intervene " + command));

    private static (string Output, string Error) Invoke(params string[] arguments) => Command.Invoke(arguments);
}
