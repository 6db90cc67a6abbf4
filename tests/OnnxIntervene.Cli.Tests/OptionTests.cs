using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Options that cannot work are refused at once, with what may be given.</summary>
public sealed class OptionTests
{
    [TestCase("at most 10000", "--samples", "2147483647")]
    [TestCase("at least 1", "--samples", "0")]
    [TestCase("finite number", "--noise", "nan")]
    [TestCase("finite number", "--noise", "-1")]
    [TestCase("finite number", "--noise", "1e39")]
    [TestCase("at most", "--threads", "5000")]
    [TestCase("at least 1", "--threads", "-3")]
    [TestCase("at least 1", "--window", "0")]
    [TestCase("needs a path", "--out", "")]
    [TestCase("needs a path", "--map", " ")]
    [TestCase("'gif': there is no such format. There are: html,png,svg,pdf", "--formats", "png,gif")]
    public async Task A_number_or_a_path_that_cannot_work_is_refused(string message, params string[] arguments)
    {
        var (_, error, exit) = await Command.RunAsync([.. Command.Trace, .. arguments]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain(message).And.Contain(arguments[0]));
    }

    [TestCase("generate --temperature hot --prompt a", "--temperature", "'hot'")]
    [TestCase("generate --temperature 1,5 --prompt a", "--temperature", "'1,5' is not a number. Write a point")]
    [TestCase("generate --coefficient 4,5 --vector v.npy --prompt a", "--coefficient", "'4,5' is not a number")]
    [TestCase("generate --factors 1,5 --vector v.npy --prompt a", "--factors", "one option each")]
    [TestCase("generate --when-above 1,5 --vector v.npy --prompt a", "--when-above", "'1,5' is not a number")]
    [TestCase("trace --noise 1,5 --prompt-ids 5,9 --subject-positions 1 --answer-id 7", "--noise", "'1,5'")]
    [TestCase("das --patience 1e3 --data x.safetensors --answer-ids 1,2 --positions 1", "--patience", "'1e3'")]
    [TestCase(
        "steer-search --samples many --temperature 1 --score generated-text --words joy --prompt a --vector v.npy "
            + "--coefficients 1 --neutral n.txt",
        "--samples",
        "'many'"
    )]
    public async Task A_text_that_is_no_number_is_refused(string arguments, string option, string text)
    {
        var (output, error, exit) = await Command.RunAsync(arguments.Split(' '));

        Assert.That((output, exit), Is.EqualTo(("", 1)));
        Assert.That(error, Does.Contain(option).And.Contain(text).And.Contain("--help"));
    }

    [Test]
    public async Task An_option_that_is_not_there_is_named_without_the_whole_help()
    {
        var (output, error, exit) = await Command.RunAsync([.. Command.Trace, "--componet", "mlp_output"]);

        Assert.That((output, exit), Is.EqualTo(("", 1)));
        Assert.That(error, Does.Contain("no option --componet"));
        Assert.That(error, Does.Contain("onnx-intervene trace --help").And.Not.Contain("Options:"));
    }

    [Test]
    public async Task Nothing_given_shows_what_there_is()
    {
        var (output, error, exit) = await Command.RunAsync();

        Assert.That((output, exit), Is.EqualTo(("", 1)));
        Assert.That(error, Does.Contain("trace").And.Contain("patch"));
    }

    [Test]
    public async Task An_empty_folder_name_does_not_mean_the_current_folder()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("zero.json"), """{"interventions":[{"kind":"Zero","component":"mlp_output"}]}""");

        var (_, error, exit) = await Command.RunAsync("splice", "--config", folder.File("zero.json"), "--out", "");

        Assert.That((exit, error), Is.EqualTo((1, error)));
        Assert.That(error, Does.Contain("--out needs a path"));
        Assert.That(File.Exists("model.onnx"), Is.False);
    }

    [Test]
    public async Task Patching_a_prompt_with_itself_is_refused()
    {
        var (_, error, exit) = await Command.RunAsync(
            "patch",
            "--clean",
            "A young salmon is called a",
            "--corrupt",
            "A young salmon is called a",
            "--answer",
            " fry",
            "--wrong",
            " calf"
        );

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("the same tokens"));
    }

    [TestCase("--base-ids", "99999999", "99999999", "2560")]
    [TestCase("--base-ids", "2560", "2560", "2560")]
    [TestCase("--source-ids", "2560", "2560", "2560")]
    [TestCase("--base-ids", "long", "200", "128")]
    [TestCase("--source-ids", "long", "200", "128")]
    public async Task Tokens_and_prompts_that_the_model_has_no_room_for_are_refused_with_both_numbers(
        string option,
        string ids,
        string asked,
        string room
    )
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("swap.json"),
            """{"interventions":[{"kind":"Vanilla","component":"mlp_output"}]}"""
        );
        var list = ids == "long" ? string.Join(',', Enumerable.Range(1, 200)) : ids;
        string[] other = option == "--base-ids" ? ["--source-ids", "1"] : ["--base-ids", "1"];

        var (_, error, exit) = await Command.RunAsync([
            "run",
            "--config",
            folder.File("swap.json"),
            option,
            list,
            .. other,
        ]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain(asked).And.Contain(room).And.Not.Contain("onnxruntime"));
    }
}
