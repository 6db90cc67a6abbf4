using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>
/// Alignment search on indirect objects (Wang et al. 2022) in the default model: which of two names is repeated. After
/// the first layer the last token holds it, as patching says too; the whole table is in benchmarks/README.md.
/// </summary>
public sealed class IndirectObjectTests
{
    private static readonly string[] s_names = ["Mary", "John", "Tom", "James", "Dan", "Anna", "Kate", "Paul"];
    private static readonly string[] s_places = ["store", "park", "school", "garden", "library", "market"];
    private static readonly string[] s_things = ["drink", "book", "ring", "letter", "basket", "ball"];

    [Test]
    public async Task The_repeated_name_is_found_at_the_last_token_and_nowhere_else()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(0);
        var data = folder.File("names.jsonl");
        File.WriteAllLines(data, Enumerable.Range(0, 240).Select(_ => JsonSerializer.Serialize(Example(random))));
        string[] training = ["--rank", "16", "--steps", "60", "--batch", "16", "--learning-rate", "0.01"];
        string[] asked = ["--data", data, "--layers", "1", "--positions", "repeated,last", "--threads", "1", "--json"];

        var (output, error, exit) = await Command.RunAsync([
            "das",
            RepositoryPaths.DefaultModel,
            .. asked,
            .. training,
            "--out",
            folder.File("das"),
        ]);

        Assert.That(exit, Is.Zero, error);
        using var report = JsonDocument.Parse(output);
        var cells = report.RootElement.GetProperty("cells").EnumerateArray().ToDictionary(PositionOf);
        Assert.That(Accuracy(cells["last"], "interchange"), Is.GreaterThanOrEqualTo(0.95));
        Assert.That(Accuracy(cells["repeated"], "interchange"), Is.LessThanOrEqualTo(0.05));
        foreach (var cell in cells.Values)
        {
            Assert.That(Accuracy(cell, "random_subspace"), Is.LessThanOrEqualTo(0.05));
            Assert.That(Accuracy(cell, "doing_nothing"), Is.Zero);
        }
    }

    private static string PositionOf(JsonElement cell) => cell.GetProperty("position").GetString()!;

    // On the examples whose answer the interchange changes.
    private static double Accuracy(JsonElement cell, string of) =>
        cell.GetProperty("where_answer_changes").GetProperty(of).GetProperty("accuracy").GetDouble();

    private static object Example(Random random)
    {
        var names = random.GetItems(s_names, s_names.Length).Distinct().Take(2).ToArray();
        var others = random.Next(2) == 0 ? names : [names[1], names[0]];
        var (own, other) = (random.Next(2), random.Next(2));
        return new
        {
            @base = Prompt(names, own, random),
            source = Prompt(others, other, random),
            label = $" {others[1 - other]}",
            base_label = $" {names[1 - own]}",
            positions = new { repeated = -5 },
        };
    }

    private static string Prompt(string[] names, int repeated, Random random) =>
        $"Then, {names[0]} and {names[1]} went to the {One(s_places, random)}. "
        + $"{names[repeated]} gave a {One(s_things, random)} to";

    private static string One(string[] all, Random random) => all[random.Next(all.Length)];
}
