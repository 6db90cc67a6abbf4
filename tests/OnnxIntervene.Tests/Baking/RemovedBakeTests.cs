using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Comparing;
using OnnxIntervene.Tests.Components;

namespace OnnxIntervene.Tests.Baking;

/// <summary>A model without some heads and neurons computes what the ablated one computes, and is smaller.</summary>
public sealed class RemovedBakeTests
{
    private const string HeadName = "head_attention_value_output";
    private const string NeuronName = ComponentNames.MlpActivation;

    // What shares a scale in 4-bit weights.
    private const int Block = 32;

    // With a cache and without: the cache becomes smaller too.
    private static IEnumerable<string> Exports() =>
        BakingSamples
            .Exports("bert", "esm", "gemma2", "gpt2", "gpt_neo", "gpt_neox", "llama", "llama-int4", "mistral", "opt")
            .Concat(BakingSamples.Exports("qwen2", "qwen3", "qwen3-int4", "vit", "whisper-encoder"))
            .Where(export => !export.EndsWith("-past", StringComparison.Ordinal))
            .Append("llama/optimum-past")
            .Append("gpt2/optimum-past");

    [TestCaseSource(nameof(Exports))]
    public void Heads_and_neurons_are_removed(string export)
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var map = loaded.Components;

        // onnxruntime-genai's configuration has one number of key and value heads for all layers.
        var (baked, evidence) = Write(
            loaded,
            [export.Contains("genai", StringComparison.Ordinal) ? OneOfEachGroup(map, 1) : Group(map, 1), Neurons(0)],
            folder.File("out")
        );

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(Size(folder.File("out")), Is.LessThan(Size(BakingSamples.Folder(export))));
        Assert.That(baked.Removed.Select(units => units.Removed.Length), Is.EquivalentTo(new[] { Lost(map), Block }));
    }

    [TestCase("bert/optimum")]
    [TestCase("gpt2/optimum-past")]
    [TestCase("opt/dynamo")]
    public void The_mean_of_what_is_removed_stays_as_a_bias(string export)
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var (heads, neurons) = (loaded.Components.Get(1, HeadName), loaded.Components.Get(0, NeuronName));

        var (_, evidence) = Write(
            loaded,
            [
                Group(loaded.Components, 1, new MeanIntervention(BakingSamples.Numbers(4, 0.3f, heads.Width))),
                Neurons(0, new MeanIntervention(BakingSamples.Numbers(5, 0.3f, neurons.Width))),
            ],
            folder.File("out")
        );

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(Size(folder.File("out")), Is.LessThan(Size(BakingSamples.Folder(export))));
    }

    [TestCase(ElementType.Int8, null, 0, false)]
    [TestCase(ElementType.UInt8, 1, 0, false)]
    [TestCase(ElementType.Int8, 0, 0, true)]
    [TestCase(ElementType.Int4, 0, 8, false)]
    [TestCase(ElementType.UInt4, 1, 32, true)]
    public void Weights_behind_a_DequantizeLinear_lose_what_belongs_together(
        ElementType type,
        int? axis,
        int block,
        bool isTransposed
    )
    {
        using var folder = new TemporaryFolder();
        var quantizer = new LinearQuantizer(type, axis, block, isTransposed);
        Directory.CreateDirectory(folder.File("own"));
        EditedModel.Write(
            Path.Combine(BakingSamples.Folder("qwen2/genai-fp32"), "model.onnx"),
            folder.File("own/model.onnx"),
            quantizer.Quantize
        );
        using var loaded = LoadedModel.Load(folder.File("own/model.onnx"), BakingSamples.OneThread);

        var (_, evidence) = Write(loaded, [Group(loaded.Components, 1), Neurons(0)], folder.File("out"));

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(Size(folder.File("out")), Is.LessThan(Size(folder.File("own"))));
    }

    [TestCase(HandmadeQuantization.Dynamic)]
    [TestCase(HandmadeQuantization.DynamicTwice)]
    [TestCase(HandmadeQuantization.ToFloat)]
    [TestCase(HandmadeQuantization.OneOperator)]
    public void Weights_of_integer_products_lose_rows_and_columns(HandmadeQuantization form)
    {
        using var folder = new TemporaryFolder();
        EditedModel.Write(
            Path.Combine(BakingSamples.Folder("llama/optimum"), "model.onnx"),
            folder.File("own/model.onnx"),
            model =>
            {
                EditedModel.Quantize(model, form, (_, _) => { });
                if (form == HandmadeQuantization.Dynamic)
                    IntegerColumns.Differ(model);
            }
        );
        using var loaded = LoadedModel.Load(folder.File("own/model.onnx"), BakingSamples.OneThread);

        var (_, evidence) = Write(loaded, [Group(loaded.Components, 1), Neurons(0)], folder.File("out"));

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(Size(folder.File("out")), Is.LessThan(Size(folder.File("own"))));
    }

    [TestCase("llama/genai-fp32", "genai_config.json", "\"num_key_value_heads\": 1", "\"num_attention_heads\": 2")]
    [TestCase("llama/optimum-past", "config.json", "\"num_key_value_heads\": 1", "\"head_dim\": 16")]
    public void What_goes_from_every_layer_is_said_in_the_configuration(
        string export,
        string file,
        string one,
        string two
    )
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var layers = Enumerable.Range(0, loaded.Components.LayerCount).ToList();

        var (_, evidence) = Write(
            loaded,
            layers.Select(layer => Group(loaded.Components, layer)).Concat(layers.Select(layer => Neurons(layer))),
            folder.File("out")
        );
        using var smaller = LoadedModel.Load(folder.File("out"), BakingSamples.OneThread);

        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(File.ReadAllText(folder.File($"out/{file}")), Does.Contain(one).And.Contain(two));
        Assert.That(
            smaller.Components.Get(3, HeadName).Heads,
            Is.EqualTo(loaded.Components.Get(3, HeadName).Heads / 2)
        );
        Assert.That(
            smaller
                .Model.Graph.Inputs.Where(input => input.Name.StartsWith("past", StringComparison.Ordinal))
                .Select(input => input.Type!.Shape![1].Size),
            Has.All.EqualTo(1)
        );
    }

    [Test]
    public void What_goes_from_some_layers_is_said_as_transformers_says_it()
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder("llama/optimum"), BakingSamples.OneThread);

        Write(loaded, [Group(loaded.Components, 1)], folder.File("out"));
        using var smaller = LoadedModel.Load(folder.File("out"), BakingSamples.OneThread);

        Assert.That(
            File.ReadAllText(folder.File("out/config.json")),
            Does.Contain("\"pruned_heads\": {\"1\":[2,3]}").And.Contain("\"num_attention_heads\": 4")
        );
        Assert.That(smaller.Components.Missing, Is.EqualTo(loaded.Components.Missing));
        Assert.That(
            smaller.Components.Components.Where(HasHeads).Select(one => (one.Address, one.Heads)),
            Is.EqualTo(
                loaded
                    .Components.Components.Where(HasHeads)
                    .Select(one => (one.Address, one.Address.Layer == 1 ? one.Heads / 2 : one.Heads))
            )
        );

        static bool HasHeads(Component component) => component.Heads > 0;
    }

    [TestCase("olmo2/optimum", "goes over what goes and what stays together")]
    [TestCase("t5-decoder/optimum", "relative_attention_bias")]
    [TestCase("llama/genai-fp32", "as many must be removed in every layer")]
    public void Heads_that_cannot_go_are_refused(string export, string reason) =>
        Refuses(export, map => [Group(map, 1)], reason);

    [Test]
    public void A_part_of_what_belongs_together_is_refused()
    {
        Refuses("llama/optimum", _ => [Heads(1, [0])], "heads that share keys and values go together");
        Refuses("llama/genai-fp32", _ => [Heads(1, [0])], "whole groups can go (heads 0 to 1, 2 to 3");
        Refuses(
            "llama-int4/genai-int4",
            _ => [Neurons(0) with { Entries = [1, 2] }],
            "have a scale for each 16 rows, which can go 16 at a time only"
        );
        Refuses("gpt2/optimum", _ => [Heads(1, [0, 1, 2, 3])], "nothing of the");
        Refuses(
            "gpt2/optimum",
            map =>
                [Neurons(0, new ProjectOutIntervention(BakingSamples.Numbers(1, 1, 1, map.Get(0, NeuronName).Width)))],
            "nothing to remove"
        );
    }

    private static void Refuses(string export, Func<ComponentMap, IEnumerable<Ablated>> choose, string reason)
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);

        Assert.That(
            () => Write(loaded, choose(loaded.Components), folder.File("out")),
            Throws.TypeOf<InterventionException>().With.Message.Contains(reason)
        );
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    private static long Size(string folder) => new FileInfo(Path.Combine(folder, "model.onnx")).Length;

    private static Ablated Neurons(int layer, Intervention? intervention = null) =>
        new(
            BakingSamples.At(layer, NeuronName, intervention ?? new ZeroIntervention()),
            null,
            intervention is ProjectOutIntervention ? null : [.. Enumerable.Range(0, Block)]
        );

    private static Ablated Heads(int layer, int[] heads, Intervention? intervention = null) =>
        new(
            BakingSamples.At(layer, HeadName, intervention ?? new ZeroIntervention()) with
            {
                Unit = "h",
            },
            UnitLocation.At(heads),
            null
        );

    // The second of a layer's key and value heads, with all query heads that share it.
    private static Ablated Group(ComponentMap map, int layer, Intervention? intervention = null) =>
        Heads(layer, [.. Enumerable.Range(GroupSize(map, layer), GroupSize(map, layer))], intervention);

    private static Ablated OneOfEachGroup(ComponentMap map, int layer) =>
        Heads(
            layer,
            [
                .. Enumerable
                    .Range(0, map.Get(layer, HeadName).Heads)
                    .Where(head => head % GroupSize(map, layer) == GroupSize(map, layer) - 1),
            ]
        );

    private static int GroupSize(ComponentMap map, int layer) =>
        map.Get(layer, HeadName).Heads / map.Get(layer, "head_key_output").Heads;

    // Both ways take two of four heads from these models, or one of those that have no groups.
    private static int Lost(ComponentMap map) => GroupSize(map, 1);

    private static (BakedModel Baked, BakeEvidence[] Evidence) Write(
        LoadedModel loaded,
        IEnumerable<Ablated> chosen,
        string folder
    )
    {
        var all = chosen.ToList();
        using var model = loaded.With(new IntervenableConfig { Representations = [.. all.Select(one => one.At)] });
        var request = new BakeRequest
        {
            Folds = true,
            Removes = true,
            UnitLocations = new UnitLocations([null], [.. all.Select(one => one.Heads)]),
            Settings = new RunSettings
            {
                Subspaces = new Subspaces([
                    .. all.Select(one =>
                        one.Entries is null
                            ? (ImmutableArray<ImmutableArray<int>>?)null
                            :
                            [
                                [.. one.Entries],
                            ]
                    ),
                ]),
            },
        };
        var (baked, evidence) = Baker.Write(model, request, folder);
        return (baked, [.. evidence]);
    }

    private sealed record Ablated(RepresentationConfig At, UnitLocation? Heads, int[]? Entries);
}
