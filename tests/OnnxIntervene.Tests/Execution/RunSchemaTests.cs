using System.Text.Json.Nodes;
using Json.Schema;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>The schema, which editors use, and the reader agree on what a file may hold.</summary>
public sealed class RunSchemaTests
{
    private static readonly JsonSchema s_schema = JsonSchema.FromText(
        File.ReadAllText(Path.Combine(RepositoryPaths.Root, "schemas", "interventions.schema.json"))
    );

    // All but the arrays, of which the schema says nothing.
    private static readonly string[] s_fields =
    [
        "description",
        "kind",
        "component",
        "layer",
        "positions",
        "source_positions",
        "heads",
        "source_heads",
        "unit",
        "subspace",
        "partition",
        "coefficient",
        "rank",
        "units",
        "group",
        "link",
        "unknown",
    ];

    private static readonly string[] s_values =
    [
        "null",
        "true",
        "0",
        "1",
        "-1",
        "4.0",
        "1.5",
        "[]",
        "[0]",
        "[1, 2.0]",
        "[-1]",
        "[[0]]",
        "[[0, 1], [2]]",
        "[[]]",
        "[[-1]]",
        "[[0], 1]",
        "[\"a\"]",
        "\"\"",
        "\"a\"",
        "\"unpadded\"",
        "{}",
        """{"last_token_of": "a"}""",
        """{"tokens_of": ""}""",
        """{"tokens_of": "a", "first_token_of": "a"}""",
        """{"middle_of": "a"}""",
    ];

    [TestCaseSource(nameof(s_fields))]
    public void The_reader_takes_what_the_schema_takes(string field)
    {
        using var folder = new TemporaryFolder();
        foreach (var value in s_values)
        {
            var entry = JsonNode.Parse("""{"kind": "Addition", "component": "x", "positions": 0, "heads": 0}""")!;
            entry[field] = JsonNode.Parse(value);
            var json = new JsonObject { ["interventions"] = new JsonArray(entry) };
            File.WriteAllText(folder.File("run.json"), json.ToJsonString());

            var isTaken = s_schema
                .Evaluate(System.Text.Json.JsonDocument.Parse(json.ToJsonString()).RootElement)
                .IsValid;

            if (isTaken)
                Assert.That(() => RunFile.Read(folder.File("run.json")), Throws.Nothing, $"{field}: {value}");
            else
                Assert.That(
                    () => RunFile.Read(folder.File("run.json")),
                    Throws.TypeOf<InterventionException>().With.Message.Contains($"$.interventions[0].{field}"),
                    $"{field}: {value}"
                );
        }
    }

    [TestCase("""{"interventions": []}""")]
    [TestCase("""{"interventions": {}}""")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x"}], "mode": "odd"}""")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x"}], "mode": null}""")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x"}], "$schema": 1}""")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x"}], "description": []}""")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x"}], "other": 1}""")]
    [TestCase("""{"interventions": [{"kind": "Zero"}]}""")]
    [TestCase("""{"interventions": [3]}""")]
    public void What_the_schema_refuses_around_the_fields_is_refused(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("run.json"), json);

        Assert.That(s_schema.Evaluate(System.Text.Json.JsonDocument.Parse(json).RootElement).IsValid, Is.False);
        Assert.That(
            () => RunFile.Read(folder.File("run.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("$.")
        );
    }

    // The case that took the schema library down: it reads numbers as decimals.
    [TestCase("3e38", true)]
    [TestCase("7.9e28", true)]
    [TestCase("-3.4e38", true)]
    [TestCase("[1, 3e38]", true)]
    [TestCase("1e39", false)]
    [TestCase("1e400", false)]
    [TestCase("[1, 1e400]", false)]
    public void Coefficients_are_32_bit_floats(string coefficient, bool isTaken)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("run.json"),
            $$"""{"interventions": [{"kind": "Addition", "component": "x", "coefficient": {{coefficient}}}]}"""
        );

        if (isTaken)
            Assert.That(() => RunFile.Read(folder.File("run.json")), Throws.Nothing);
        else
            Assert.That(
                () => RunFile.Read(folder.File("run.json")),
                Throws.TypeOf<InterventionException>().With.Message.Contains("$.interventions[0].coefficient")
            );
    }
}
