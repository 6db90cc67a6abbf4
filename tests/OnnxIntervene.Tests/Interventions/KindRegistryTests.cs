using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>
/// A kind is one file: it is found without being entered anywhere, and no other file asks which kind it has before it.
/// </summary>
public sealed partial class KindRegistryTests
{
    private static readonly string s_sources = Path.Combine(RepositoryPaths.Root, "src");
    private static readonly string s_kinds = Path.Combine(s_sources, "OnnxIntervene", "Interventions", "Kinds");

    [Test]
    public void Every_record_of_an_intervention_has_exactly_one_kind()
    {
        var records = typeof(Intervention)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Intervention)))
            .Select(type => type.Name);

        Assert.That(InterventionType.All.Select(type => type.ClassName), Is.EquivalentTo(records));
        Assert.That(InterventionType.All, Is.Unique);
        Assert.That(InterventionType.All.Select(type => type.Name), Is.Ordered.Using<string>(string.CompareOrdinal));
    }

    [TestCaseSource(typeof(InterventionType), nameof(InterventionType.All))]
    public void A_kind_stands_under_its_name_in_the_file_of_its_record(InterventionType type)
    {
        var text = File.ReadAllText(Path.Combine(s_kinds, $"{type.ClassName}.cs"));

        Assert.That(text, Does.Contain($"public sealed record {type.ClassName}"));
        Assert.That(text, Does.Contain($"public static InterventionType {type.Name} =>"));
        Assert.That(typeof(InterventionType).GetProperty(type.Name)!.GetValue(null), Is.SameAs(type));
    }

    [TestCaseSource(typeof(InterventionType), nameof(InterventionType.All))]
    public void A_kind_is_read_under_its_short_name_and_under_pyvenes(InterventionType type)
    {
        Assert.That(InterventionType.Parse(type.Name), Is.SameAs(type));
        Assert.That(InterventionType.Parse(type.ClassName), Is.SameAs(type));
        Assert.That(InterventionType.Parse($"<class 'pyvene.models.interventions.{type.ClassName}'>"), Is.SameAs(type));
    }

    [TestCase("Name")]
    [TestCase("All")]
    [TestCase("")]
    [TestCase("vanilla")]
    public void A_name_that_is_no_kinds_is_refused_with_those_that_are(string name) =>
        Assert.That(
            () => InterventionType.Parse(name),
            Throws.TypeOf<FormatException>().With.Message.Contains("VanillaIntervention, ZeroIntervention")
        );

    [TestCaseSource(typeof(InterventionType), nameof(InterventionType.All))]
    public void The_README_tells_of_a_kind(InterventionType type)
    {
        var rows = File.ReadLines(Path.Combine(RepositoryPaths.Root, "README.md")).Where(line => line.StartsWith('|'));

        Assert.That(rows.Any(row => Regex.IsMatch(row.Split('|')[1], $@"\b{type.Name}\b")));
    }

    [Test]
    public void The_schema_lists_for_editors_what_files_may_hold()
    {
        using var schema = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(RepositoryPaths.Root, "schemas", "interventions.schema.json"))
        );
        var listed = schema
            .RootElement.GetProperty("$defs")
            .GetProperty("intervention")
            .GetProperty("properties")
            .GetProperty("kind")
            .GetProperty("enum")
            .EnumerateArray()
            .Select(name => name.GetString());

        Assert.That(listed, Is.EquivalentTo(ShortForm.Kinds()));
    }

    // Others ask for a kind's properties, never which kind it is. A user's own kind has nodes, which sites carry.
    [Test]
    public void Nothing_outside_the_kinds_asks_which_kind_it_is()
    {
        var asking = Files(s_sources)
            .Where(file => !file.StartsWith(s_kinds, StringComparison.Ordinal))
            .SelectMany(file =>
                Questions().Matches(File.ReadAllText(file)).Select(match => $"{Path.GetFileName(file)}: {match.Value}")
            )
            .Where(question => !question.EndsWith("as CustomIntervention", StringComparison.Ordinal));

        Assert.That(asking, Is.Empty);
    }

    [Test]
    public void Kinds_know_nothing_but_graphs_and_numbers()
    {
        var used = Files(s_kinds)
            .SelectMany(file => Usings().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups["name"].Value)
            .Distinct();

        Assert.That(used, Is.SubsetOf(new[] { "IR", "IR.Analysis", "IR.Editing", "Numerics", "Tensors" }));
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory
            .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj"));

    [GeneratedRegex(
        """(==|!=|\bis|\bnot|\bor|\bcase|[({,]\s*Type:)\s*\(?\s*InterventionType\.\w+|InterventionType\.\w+\s*(=>|==|!=)|\b(is|as|case|is not)\s+\(?[A-Z]\w+Intervention\b|nameof\(InterventionType\.|\([A-Z]\w+Intervention\)"""
    )]
    private static partial Regex Questions();

    [GeneratedRegex(@"^using OnnxIntervene\.(?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Usings();
}
