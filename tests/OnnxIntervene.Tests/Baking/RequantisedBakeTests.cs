using System.Text.Json;
using OnnxIntervene.Baking;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Comparing;
using OnnxIntervene.Tests.Components;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Weights of few bits take adapters and projections in when they may be quantised again.</summary>
public sealed class RequantisedBakeTests
{
    private const int Rank = 2;
    private const string Values = "/model/layers.1/self_attn/v_proj/MatMul";

    [Test]
    public void An_adapter_is_folded_into_blocks_and_rounded([Values(4, 8)] int bits, [Values] bool hasZeroPoints)
    {
        var form = new BlockQuantizer(bits, hasZeroPoints);
        using var folder = new TemporaryFolder();
        using var loaded = InBlocks(folder, form);
        var adapter = Adapter(loaded.Components);

        var (baked, evidence) = Bake(loaded, adapter, folder);
        var before = form.Read(Product(loaded.Model));
        var written = OnnxFile.Load(folder.File("out/model.onnx"));
        var after = form.Read(Product(written));

        var rounding = baked.Roundings.Single();
        Assert.That(rounding.Bits, Is.EqualTo(bits));
        Assert.That(
            rounding.Error,
            Is.EqualTo(LargestDifference(after, Folded(before, adapter))).Within(1e-6).And.GreaterThan(0)
        );
        Assert.That(rounding.Error, Is.LessThan(rounding.Largest * 1.3 / (1 << bits)), "about half a level");
        Assert.That(evidence.Select(found => found.Difference), Has.All.GreaterThan(0));
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect / (bits == 8 ? 10 : 1.5)), found.Input);
        Assert.That(evidence.Select(found => found.Divergence), Has.All.GreaterThan(0).And.All.LessThan(0.05));
        Says(written, rounding.Error, evidence[0].Divergence!.Value);
    }

    [TestCase("llama-int4/genai-int4")]
    [TestCase("qwen3-int4/genai-int4")]
    public void A_projection_is_folded_into_the_files_of_others(string export)
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var width = loaded.Components.Get(1, ComponentNames.MlpOutput).Width;
        var projection = BakingSamples.At(
            1,
            ComponentNames.MlpOutput,
            new ProjectOutIntervention(BakingSamples.Numbers(2, 1, 1, width))
        );

        Assert.That(() => Bake(loaded, projection, folder, rounds: false), Refused("(--requantise)"));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
        var (baked, evidence) = Bake(loaded, projection, folder);

        Assert.That(baked.Roundings, Has.Length.EqualTo(1));
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect), found.Input);
    }

    [Test]
    public void Weights_behind_a_DequantizeLinear_are_quantised_again()
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(
            folder,
            model => EditedModel.Quantize(model, HandmadeQuantization.Rounded, (_, _) => { })
        );

        var (baked, evidence) = Bake(loaded, Adapter(loaded.Components), folder);

        Assert.That(baked.Roundings.Single().Bits, Is.EqualTo(8));
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect), found.Input);
    }

    [TestCase(HandmadeQuantization.Dynamic)]
    [TestCase(HandmadeQuantization.DynamicTwice)]
    [TestCase(HandmadeQuantization.ToFloat)]
    [TestCase(HandmadeQuantization.OneOperator)]
    public void Weights_of_integer_products_are_quantised_again(HandmadeQuantization form)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(folder, model => EditedModel.Quantize(model, form, (_, _) => { }));

        Assert.That(() => Bake(loaded, Adapter(loaded.Components), folder, rounds: false), Refused("(--requantise)"));
        var (baked, evidence) = Bake(loaded, Adapter(loaded.Components), folder);

        Assert.That(baked.Roundings.Single().Bits, Is.EqualTo(8));
        Assert.That(baked.Roundings.Single().Error, Is.LessThan(baked.Roundings.Single().Largest * 1.3 / 256));
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect / 10), found.Input);
    }

    [Test]
    public void Integer_products_have_scales_and_zero_points_for_columns()
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(
            folder,
            model =>
            {
                EditedModel.Quantize(model, HandmadeQuantization.Dynamic, (_, _) => { });
                IntegerColumns.Differ(model);
            }
        );

        var (baked, evidence) = Bake(loaded, Adapter(loaded.Components), folder);

        Assert.That(baked.Roundings.Single().Error, Is.LessThan(baked.Roundings.Single().Largest / 128));
        Assert.That(Levels(OnnxFile.Load(folder.File("out/model.onnx"))), Has.All.InRange(-64, 64), "a bit stays free");
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect / 10), found.Input);
    }

    [Test]
    public void Products_that_are_rounded_to_integers_are_refused()
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(
            folder,
            model => EditedModel.Quantize(model, HandmadeQuantization.Static, (_, _) => { })
        );

        Assert.That(
            () => Bake(loaded, Adapter(loaded.Components), folder),
            Refused("rounds what it computes to integers")
        );
        Assert.That(Directory.Exists(folder.File("out")), Is.False);
    }

    [Test]
    public void A_tolerance_that_the_rounding_exceeds_is_kept()
    {
        using var folder = new TemporaryFolder();
        using var loaded = InBlocks(folder, new BlockQuantizer(4, false));

        Assert.That(
            () => Bake(loaded, Adapter(loaded.Components), folder, tolerance: 1e-6),
            Refused("Nothing was written")
        );
        Assert.That(Directory.Exists(folder.File("out")), Is.False);
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string reason) =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason);

    private static void Says(Model written, double error, double divergence)
    {
        using var bake = Entry("intervene.bake");
        using var proof = Entry("intervene.bake.proof");

        Assert.That(bake.RootElement.GetProperty("roundings")[0].GetProperty("error").GetDouble(), Is.EqualTo(error));
        Assert.That(proof.RootElement[0].GetProperty("divergence").GetDouble(), Is.EqualTo(divergence));

        JsonDocument Entry(string key) => JsonDocument.Parse(written.Metadata.Single(entry => entry.Key == key).Value);
    }

    private static IEnumerable<int> Levels(Model model) =>
        model
            .Graph.Nodes.Where(node => node.Operator.OperatorType == "MatMulInteger")
            .SelectMany(node => node.Inputs[1]!.Initializer!.ReadBytes().ToArray())
            .Select(level => (int)(sbyte)level);

    private static Node Product(Model model) =>
        model.Graph.Nodes.Single(node => node.Name.Contains(Values, StringComparison.Ordinal));

    private static LoadedModel InBlocks(TemporaryFolder folder, BlockQuantizer form) =>
        Changed(
            folder,
            model =>
            {
                model.OperatorSets = model.OperatorSets.SetItem(OperatorKey.Microsoft, 1);
                form.Replace(model.Graph, NameScope.Of(model), Product(model));
                DeadCode.Remove(model.Graph);
            }
        );

    private static LoadedModel Changed(TemporaryFolder folder, Action<Model> change)
    {
        EditedModel.Write(
            Path.Combine(BakingSamples.Folder("llama/optimum"), "model.onnx"),
            folder.File("own/model.onnx"),
            change
        );
        return LoadedModel.Load(folder.File("own/model.onnx"), BakingSamples.OneThread);
    }

    private static RepresentationConfig Adapter(ComponentMap map)
    {
        var (read, values) = (map.Get(1, ComponentNames.MlpOutput).Width, map.Get(1, ComponentNames.ValueOutput).Width);
        return BakingSamples.At(
            1,
            ComponentNames.ValueOutput,
            new LoRAIntervention(
                BakingSamples.Numbers(5, 0.2f, Rank, read),
                BakingSamples.Numbers(6, 0.2f, values, Rank),
                2
            )
        );
    }

    // W + alpha / rank · (B A)ᵀ.
    private static float[] Folded(float[] weights, RepresentationConfig adapter)
    {
        var lora = (LoRAIntervention)adapter.Intervention!;
        var (down, up) = (lora.Update!.Down, lora.Update.Up);
        var (rows, columns) = (down.Shape[1], up.Shape[0]);
        var folded = (float[])weights.Clone();
        for (var index = 0; index < folded.Length; index++)
        {
            var (row, column) = Math.DivRem(index, columns);
            for (var rank = 0; rank < Rank; rank++)
                folded[index] +=
                    lora.Update.Scaling * down.Floats[(rank * rows) + row] * up.Floats[(column * Rank) + rank];
        }

        return folded;
    }

    private static double LargestDifference(float[] one, float[] other) =>
        one.Zip(other, (left, right) => (double)Math.Abs(left - right)).Max();

    private static (BakedModel Baked, BakeEvidence[] Evidence) Bake(
        LoadedModel loaded,
        RepresentationConfig intervention,
        TemporaryFolder folder,
        bool rounds = true,
        double? tolerance = null
    )
    {
        using var model = loaded.With(new IntervenableConfig { Representations = [intervention] });
        var request = new BakeRequest
        {
            Folds = true,
            Requantises = rounds,
            Tolerance = tolerance,
        };
        var (baked, evidence) = Baker.Write(model, request, folder.File("out"));
        return (baked, [.. evidence]);
    }
}
