using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// A map that is written and read again changes nothing; one that is edited has the last word, or is refused by its
/// place.
/// </summary>
public sealed class ComponentMapFileTests
{
    private static readonly Model s_gpt2 = Load("gpt2", "optimum");

    public static IEnumerable<TestCaseData> Exports() => RenamingTests.Exports();

    [TestCaseSource(nameof(Exports))]
    public void Writing_then_reading_gives_the_same_components(ReferenceExport export)
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Load(export.ModelPath);
        var found = ComponentMap.Find(model);
        ComponentMapFile.Write(folder.File("map.json"), model, found);

        var overrides = ComponentMapFile.Read(folder.File("map.json"));
        var again = ComponentMap.Find(model, new ComponentSearchOptions { Overrides = overrides });

        Assert.That(overrides.Entries, Has.Length.EqualTo(found.Components.Length));
        Assert.That(again.Components.Select(Words), Is.EqualTo(found.Components.Select(Words)));
        Assert.That(again.LayerCount, Is.EqualTo(found.LayerCount));
        Assert.That(again.Missing, Is.EqualTo(found.Missing));
    }

    [Test]
    public void An_entry_overrides_what_was_found_and_another_adds_to_it()
    {
        var found = ComponentMap.Find(s_gpt2);
        var other = found.Get(2, "mlp_output").Source.Description;

        var map = Find(
            $$"""{"components": [{"layer": 1, "component": "block_output", "tensor": "{{other}}"}, {"layer": 7, "component": "probe", "tensor": "{{other}}", "heads": 4}]}"""
        );

        Assert.That(map.Get(1, "block_output").Source, Is.EqualTo(found.Get(2, "mlp_output").Source));
        Assert.That(map.Get(1, "block_output").Width, Is.EqualTo(32));
        Assert.That(
            (map.Get(7, "probe").Width, map.Get(7, "probe").Heads, map.Get(7, "probe").Unit),
            Is.EqualTo((8, 4, "h.pos"))
        );
        Assert.That(map.LayerCount, Is.EqualTo(8));
        Assert.That(map.Components, Has.Length.EqualTo(found.Components.Length + 1));
    }

    [Test]
    public void A_range_of_a_packed_tensor_is_a_component()
    {
        var packed = Packed();

        var map = Find(
            $$"""{"components": [{"layer": 0, "component": "head_key_output", "tensor": "{{packed.Name}}", "range": [32, 64], "heads": 4}]}"""
        );

        Assert.That(map.Get(0, "head_key_output").Source, Is.EqualTo(new SliceSource(packed, 32, 64)));
        Assert.That(map.Get(0, "head_key_output").Width, Is.EqualTo(8));
    }

    [Test]
    public void An_entry_without_a_tensor_leaves_what_is_found()
    {
        var map = Find(
            """{"model": "any", "components": [{"layer": 0, "component": "block_output", "tensor": null, "reason": "not looked for", "candidates": []}]}"""
        );

        Assert.That(map.Components, Is.EqualTo(ComponentMap.Find(s_gpt2).Components));
    }

    [Test]
    public void What_is_found_elsewhere_can_be_named_by_its_description()
    {
        var model = Load("gpt2", "ort-fused");
        var part = ComponentMap.Find(model).Components.First(component => component.Source is ResidualPartSource);

        var map = ComponentMap.Find(
            model,
            Options(
                $$"""{"components": [{"layer": 0, "component": "probe", "tensor": "{{part.Source.Description}}"}]}"""
            )
        );

        Assert.That(map.Get(0, "probe").Source, Is.EqualTo(part.Source));
    }

    [Test]
    public void A_flat_tensor_is_arranged_by_the_inputs_batch()
    {
        var flat = s_gpt2.Graph.Nodes.First(node => node.Operator.OperatorType == "Gemm").Output;

        var map = Find($$"""{"components": [{"layer": 0, "component": "probe", "tensor": "{{flat.Name}}"}]}""");

        Assert.That(map.Get(0, "probe").Source, Is.EqualTo(new FlatSource(flat, s_gpt2.Graph.Inputs[0])));
        Assert.That(map.Get(0, "probe").Width, Is.EqualTo(96));
    }

    [TestCase("""[]""", "$: an object")]
    [TestCase("""{"components": [""", "is not JSON")]
    [TestCase("""{"components": {}}""", "$.components: a list")]
    [TestCase("""{"layers": 3, "components": []}""", "$.layers: no such field")]
    [TestCase("""{"model": 3, "components": []}""", "$.model: a text")]
    [TestCase("""{"components": [3]}""", "$.components[0]: an object")]
    [TestCase("""{"components": [{"layer": 0}]}""", "$.components[0].component")]
    [TestCase("""{"components": [{"component": "x"}]}""", "$.components[0].layer")]
    [TestCase("""{"components": [{"layer": -1, "component": "x"}]}""", "$.components[0].layer: a whole number")]
    [TestCase("""{"components": [{"layer": 100001, "component": "x"}]}""", "$.components[0].layer: 100001")]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x", "tensr": "y"}]}""",
        "$.components[0].tensr: no such field"
    )]
    [TestCase("""{"components": [{"layer": 0, "component": "x", "tensor": 5}]}""", "$.components[0].tensor: a text")]
    [TestCase("""{"components": [{"layer": 0, "component": "x", "tensor": "\ud800"}]}""", "not valid Unicode")]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x", "tensor": "y", "range": [5]}]}""",
        "$.components[0].range: two numbers"
    )]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x", "tensor": "y", "range": [5, 5]}]}""",
        "$.components[0].range: [5, 5]"
    )]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x", "tensor": "y", "range": [0, "5"]}]}""",
        "$.components[0].range[1]"
    )]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x", "tensor": "y", "width": 1.5}]}""",
        "$.components[0].width"
    )]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x", "tensor": "y", "unit": "token"}]}""",
        "$.components[0].unit: 'token'"
    )]
    [TestCase("""{"components": [{"layer": 0, "component": "x", "candidates": 3}]}""", "$.components[0].candidates")]
    [TestCase(
        """{"components": [{"layer": 0, "component": "x"}, {"layer": 0, "component": "x"}]}""",
        "$.components[1]: x of layer 0 is already at $.components[0]"
    )]
    public void A_map_that_is_none_is_refused_by_its_place(string json, string message) =>
        Assert.That(
            () => ComponentMapFile.Parse(json),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    [TestCase("\"tensor\": \"nowhere\"", "$.components[0].tensor: 'nowhere' is not a tensor")]
    [TestCase("\"tensor\": \"input_ids\"", "holds Int64")]
    [TestCase(
        "\"tensor\": \"STREAM\", \"width\": 16",
        "$.components[0].width: 'STREAM' is 32 wide, but the map says 16"
    )]
    [TestCase("\"tensor\": \"STREAM\", \"width\": 8, \"heads\": 3", "'STREAM' is 32 wide, ")]
    [TestCase(
        "\"tensor\": \"STREAM\", \"heads\": 3",
        "$.components[0].heads: 'STREAM' is 32 wide, which 3 heads do not divide"
    )]
    [TestCase("\"tensor\": \"STREAM\", \"range\": [16, 40]", "$.components[0].range: 'STREAM' is 32 wide")]
    [TestCase("\"tensor\": \"STREAM\", \"unit\": \"h.pos\"", "$.components[0].unit: 'h.pos' does not fit")]
    [TestCase("\"tensor\": \"STREAM\", \"heads\": 4, \"unit\": \"t\"", "$.components[0].unit: 't' does not fit")]
    public void An_entry_that_does_not_fit_the_file_is_refused_by_its_place(string fields, string message)
    {
        var stream = ComponentMap.Find(s_gpt2).Get(1, "block_output").Source.Description;

        Assert.That(
            () =>
                Find(
                    $$"""{"components": [{"layer": 0, "component": "probe", {{fields.Replace("STREAM", stream, StringComparison.Ordinal)}}}]}"""
                ),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains(message.Replace("STREAM", stream, StringComparison.Ordinal))
        );
    }

    [Test]
    public void A_tensor_is_of_one_branch_or_of_every_branch()
    {
        var model = Load("t5-decoder", "optimum-merged");
        var owner = model.Graph.Nodes.Single(node => node.Operator.OperatorType == "If");
        var names = owner
            .Subgraphs.Select(branch =>
                branch.Nodes.SelectMany(node => node.Outputs).OfType<Value>().Select(value => value.Name).ToHashSet()
            )
            .ToList();
        var shared = names[0]
            .Intersect(names[1])
            .First(name => name.EndsWith("DenseReluDense/wo/MatMul_output_0", StringComparison.Ordinal));
        var lonely = names[0]
            .Except(names[1])
            .First(name => name.EndsWith("EncDecAttention/k/MatMul_output_0", StringComparison.Ordinal));
        var map = ComponentMap.Find(model);

        Assert.That(map.Get(0, shared).Source, Is.TypeOf<BranchSource>());
        Assert.That(map.Get(0, lonely).Source, Is.TypeOf<OneBranchSource>());
    }

    private static Value Packed() => s_gpt2.Graph.Nodes.First(node => node.Operator.OperatorType == "Split").Inputs[0]!;

    private static ComponentMap Find(string json) => ComponentMap.Find(s_gpt2, Options(json));

    private static ComponentSearchOptions Options(string json) => new() { Overrides = ComponentMapFile.Parse(json) };

    private static Model Load(string family, string export) =>
        OnnxFile.Load(Path.Combine(RepositoryPaths.OwnReferences, "families", family, export, "model.onnx"));

    private static string Words(Component component) =>
        $"{component.Address}: {component.Source.GetType().Name} {component.Source.Description} {component.Width} "
        + $"{component.Heads} {component.Unit} {component.IsRaw} {component.Axes}";
}
