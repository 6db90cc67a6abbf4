using System.Globalization;
using OnnxIntervene.Formats;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>A folder that <c>run --save</c> wrote runs again as it is.</summary>
public sealed class SaveTests
{
    private const string Base = "A young salmon is called a";
    private const string Source = "A young elephant is called a";

    [TestCase("safetensors")]
    [TestCase("torch")]
    public async Task Positions_subspaces_and_coefficients_are_kept(string format) =>
        await CheckAsync(
            """
            {"representations": [
              {"layer": 0, "component": "mlp_output", "intervention_type": "AdditionIntervention"},
              {"layer": 2, "component": "block_output", "intervention_type": "VanillaIntervention"}],
             "unit_locations": {"sources->base": [[[[3, 4]], [[-3]]], [[[4, 5]], [[-1]]]]},
             "subspaces": [null, [[0, 1, 2, 100]]],
             "coefficients": [2.5, 1]}
            """,
            format
        );

    [Test]
    public async Task Heads_are_kept() =>
        await CheckAsync(
            """
            {"interventions": [{"kind": "Vanilla", "layer": [1, 3], "component": "head_attention_value_output",
              "heads": [0, 2], "positions": [6, 7], "source_positions": [5, 6]}]}
            """
        );

    [TestCase("""{"last_token_of": " is"}""")]
    [TestCase("\"unpadded\"")]
    [TestCase("5")]
    public async Task Positions_by_name_are_kept(string positions) =>
        await CheckAsync(
            """{"interventions": [{"kind": "Vanilla", "layer": 1, "component": "block_output", "positions": POS}]}""".Replace(
                "POS",
                positions,
                StringComparison.Ordinal
            )
        );

    [Test]
    public async Task A_chain_keeps_the_positions_of_its_stages() =>
        await CheckAsync(
            """
            {"mode": "serial", "representations": [
              {"layer": 1, "component": "block_output", "intervention_type": "VanillaIntervention"},
              {"layer": 3, "component": "block_output", "intervention_type": "VanillaIntervention"}],
             "unit_locations": {"source_0->source_1": 4, "source_1->base": [5, 6]}}
            """.Replace("[5, 6]", "[[[[5]]], [[[6]]]]", StringComparison.Ordinal),
            sources: [Source, Base]
        );

    [Test]
    public async Task A_constant_source_of_the_run_goes_with_the_folder()
    {
        var source = string.Join(',', Enumerable.Range(0, 192).Select(number => number / 100.0).Select(Text));
        await CheckAsync(
            $$"""
            {"representations": [{"layer": 1, "component": "mlp_output", "intervention_type": "AdditionIntervention"}],
             "source_representations": [[[[{{source}}]]]], "unit_locations": {"base": 4}, "coefficients": 0.5}
            """,
            sources: []
        );
        static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
    }

    [Test]
    public async Task A_run_file_says_more_than_the_folder_it_names()
    {
        using var folder = new TemporaryFolder();
        var config = folder.File("run.json");
        File.WriteAllText(
            config,
            """{"interventions": [{"kind": "Vanilla", "layer": 1, "component": "block_output", "positions": 5}]}"""
        );
        await RunAsync(config, folder.File("first.safetensors"), [Source], "--save", folder.File("saved"));
        File.WriteAllText(folder.File("again.json"), """{"saved": "saved"}""");
        File.WriteAllText(folder.File("other.json"), """{"saved": "saved", "unit_locations": {"sources->base": 9}}""");
        await RunAsync(folder.File("again.json"), folder.File("again.safetensors"), [Source]);
        await RunAsync(folder.File("other.json"), folder.File("other.safetensors"), [Source]);

        var first = Logits(folder.File("first.safetensors"));
        Assert.That(Logits(folder.File("again.safetensors")).SequenceEqual(first));
        Assert.That(!Logits(folder.File("other.safetensors")).SequenceEqual(first));
    }

    private static async Task CheckAsync(string config, string format = "safetensors", string[]? sources = null)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("run.json"), config);
        var (first, again) = (folder.File("first.safetensors"), folder.File("again.safetensors"));
        string[] save = ["--save", folder.File("saved"), "--save-format", format];

        await RunAsync(folder.File("run.json"), first, sources ?? [Source], save);
        await RunAsync(folder.File("saved"), again, sources ?? [Source]);

        Assert.That(Logits(again).SequenceEqual(Logits(first)), "the same numbers");
        Assert.That(!Logits(first).SequenceEqual(Logits(first, ".before")), "the intervention does something");
    }

    private static async Task RunAsync(string config, string path, string[] sources, params string[] options)
    {
        string[] given = [.. sources.SelectMany(source => new[] { "--source", source })];
        var (_, error, exit) = await Command.RunAsync([
            "run",
            "--config",
            config,
            "--base",
            Base,
            .. given,
            "--out",
            path,
            .. options,
        ]);
        Assert.That(exit, Is.Zero, error);
    }

    private static float[] Logits(string path, string ending = "") =>
        SafetensorsFile.Open(path).Read("logits" + ending).Floats.ToArray();
}
