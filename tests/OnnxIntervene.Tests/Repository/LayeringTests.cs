using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Repository;

/// <summary>Folders depend in one direction only: each names types of those before it in the list.</summary>
public sealed class LayeringTests
{
    private static readonly string[] s_order =
    [
        "OnnxIntervene.IR",
        "OnnxIntervene.IR/Analysis/Inference",
        "OnnxIntervene.IR/Analysis",
        "OnnxIntervene.IR/Editing",
        "OnnxIntervene.IR/Files",
        "OnnxIntervene.IR/Serialization",
        "OnnxIntervene/Tensors",
        "OnnxIntervene/Json",
        "OnnxIntervene/Numerics",
        "OnnxIntervene/Interventions/Kinds",
        "OnnxIntervene/Formats",
        "OnnxIntervene/Hub",
        "OnnxIntervene/Tokenization/Texts",
        "OnnxIntervene/Tokenization/Normalizers",
        "OnnxIntervene/Tokenization/Splitters",
        "OnnxIntervene/Tokenization/Models",
        "OnnxIntervene/Tokenization/Decoders",
        "OnnxIntervene/Tokenization",
        "OnnxIntervene/Templates/Syntax",
        "OnnxIntervene/Templates/Evaluation",
        "OnnxIntervene/Templates",
        "OnnxIntervene/Rewriting",
        "OnnxIntervene/Rewriting/Opening",
        "OnnxIntervene/Components/Addressing",
        "OnnxIntervene/Components/Configuration",
        "OnnxIntervene/Components/Structure",
        "OnnxIntervene/Components/Naming",
        "OnnxIntervene/Components",
        "OnnxIntervene/Components/Inspection",
        "OnnxIntervene/Components/MapFiles",
        "OnnxIntervene/Interventions",
        "OnnxIntervene/Interventions/Files",
        "OnnxIntervene/CausalModels",
        "OnnxIntervene/Splicing",
        "OnnxIntervene/Runtime",
        "OnnxIntervene/Planning",
        "OnnxIntervene/Planning/Files",
        "OnnxIntervene/Execution/Results",
        "OnnxIntervene/Execution",
        "OnnxIntervene/Gradients/Rules",
        "OnnxIntervene/Gradients/Losses",
        "OnnxIntervene/Gradients",
        "OnnxIntervene/Training/Parametrizations",
        "OnnxIntervene/Training/Optimizers",
        "OnnxIntervene/Training",
        "OnnxIntervene/Training/Weights",
        "OnnxIntervene/Generation",
        "OnnxIntervene/Training/Artifacts",
        "OnnxIntervene/Sweeps",
        "OnnxIntervene/Sweeps/Engine",
        "OnnxIntervene/Studies/Prompts",
        "OnnxIntervene/Studies/Metrics",
        "OnnxIntervene/Studies/Grids",
        "OnnxIntervene/Studies/Reading",
        "OnnxIntervene/Studies/Patching",
        "OnnxIntervene/Studies/Attribution",
        "OnnxIntervene/Studies/Alignment",
        "OnnxIntervene/Studies/Tuning",
        "OnnxIntervene/Studies/Tracing",
        "OnnxIntervene/Studies/Ablation",
        "OnnxIntervene/Studies/Paths",
        "OnnxIntervene/Studies/Lens",
        "OnnxIntervene/Studies/Circuits",
        "OnnxIntervene/Studies/Patterns",
        "OnnxIntervene/Steering",
        "OnnxIntervene/Checking/Runs",
        "OnnxIntervene/Checking/Laws",
        "OnnxIntervene/Checking",
        "OnnxIntervene/Comparing",
        "OnnxIntervene/Baking/Weights",
        "OnnxIntervene/Baking/Removal",
        "OnnxIntervene/Baking",
        "OnnxIntervene.Chat",
        "OnnxIntervene.Probing",
        "OnnxIntervene.Reports/Figures",
        "OnnxIntervene.Reports/Drawing",
        "OnnxIntervene.Reports/Tables",
        "OnnxIntervene.Reports/Page",
        "OnnxIntervene.Reports",
        "OnnxIntervene.Cli/Output",
        "OnnxIntervene.Cli/Slurm",
        "OnnxIntervene.Cli/Commands",
        "OnnxIntervene.Cli",
    ];

    private static readonly Lazy<Dictionary<string, string>> s_sources = new(ReadSources);

    [Test]
    public void Every_folder_is_in_the_list_and_every_entry_is_a_folder()
    {
        var folders = s_sources.Value.Keys.Select(file => Path.GetDirectoryName(file)!).Distinct();

        Assert.That(folders, Is.EquivalentTo(s_order));
    }

    [Test]
    public void No_type_is_named_against_the_order()
    {
        var backward = Backward(s_sources.Value);

        Assert.That(backward, Is.Empty, string.Join(Environment.NewLine, backward));
    }

    [TestCase("new OnnxIntervene.Execution.IntervenableModel()", TestName = "A_fully_qualified_name_is_seen")]
    [TestCase("new Execution.IntervenableModel()", TestName = "A_partly_qualified_name_is_seen")]
    public void A_reference_turned_round_is_found(string expression)
    {
        var sources = new Dictionary<string, string>
        {
            ["OnnxIntervene/Execution/IntervenableModel.cs"] =
                "namespace OnnxIntervene.Execution; public class IntervenableModel;",
            ["OnnxIntervene/Runtime/Pool.cs"] =
                $"namespace OnnxIntervene.Runtime; class Pool {{ object Model => {expression}; }}",
        };

        Assert.That(Backward(sources), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_parent_that_names_a_later_child_is_found_although_it_needs_no_using()
    {
        var sources = new Dictionary<string, string>
        {
            ["OnnxIntervene/Components/Map.cs"] =
                "namespace OnnxIntervene.Components; public class Map { Inspection.View V; }",
            ["OnnxIntervene/Components/Inspection/View.cs"] =
                "namespace OnnxIntervene.Components.Inspection; public class View { Map M; }",
        };

        Assert.That(Backward(sources), Has.Count.EqualTo(1));
        Assert.That(Backward(sources)[0], Does.StartWith("OnnxIntervene/Components/Map.cs names"));
    }

    [Test]
    public void Only_serialization_knows_protobuf() =>
        Assert.That(FoldersThatSay("Google.Protobuf"), Is.EqualTo(new[] { "OnnxIntervene.IR/Serialization" }));

    [Test]
    public void Only_runtime_knows_the_runtime() =>
        Assert.That(FoldersThatSay("Microsoft.ML.OnnxRuntime"), Is.EqualTo(new[] { "OnnxIntervene/Runtime" }));

    [TestCase("JsonElement")]
    [TestCase("JsonDocument")]
    [TestCase("Utf8JsonReader")]
    [TestCase("JsonNode.Parse")]
    [TestCase("JsonSerializer.Deserialize")]
    public void Only_the_reader_of_JSON_knows_what_can_be_read_of_it_the_wrong_way(string word) =>
        Assert.That(FoldersThatSay(word).Except(["OnnxIntervene/Json"]), Is.Empty);

    // What a user names may be a pipe or a device; RegularFile asks first.
    [TestCase("File.OpenRead")]
    [TestCase("File.ReadAllBytes")]
    [TestCase("File.ReadAllText")]
    [TestCase("File.ReadLines")]
    public void Only_one_place_opens_the_files_that_users_name(string call) =>
        Assert.That(FoldersThatSay(call).Except(["OnnxIntervene/Hub"]), Is.Empty);

    private static List<string> Backward(IReadOnlyDictionary<string, string> sources) =>
        [
            .. FolderArrows
                .Of(sources, (from, to) => Array.IndexOf(s_order, to) > Array.IndexOf(s_order, from))
                .Select(arrow => arrow.Where),
        ];

    private static IEnumerable<string> FoldersThatSay(string words) =>
        s_sources
            .Value.Where(source => source.Value.Contains(words, StringComparison.Ordinal))
            .Select(source => Path.GetDirectoryName(source.Key)!)
            .Distinct();

    private static Dictionary<string, string> ReadSources()
    {
        var root = Path.Combine(RepositoryPaths.Root, "src");
        return Directory
            .EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "obj" or "bin"))
            .ToDictionary(file => file, file => File.ReadAllText(Path.Combine(root, file)));
    }
}
