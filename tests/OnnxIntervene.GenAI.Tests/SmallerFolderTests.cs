using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>
/// onnxruntime-genai generates with folders whose weights have other sizes, or were quantised again, what is generated
/// here.
/// </summary>
public sealed class SmallerFolderTests
{
    private const int Count = 12;
    private const string Prompt = "The food at the restaurant was";
    private const string HeadName = "head_attention_value_output";

    [Test]
    public void Without_keys_and_values_of_every_layer()
    {
        using var folder = new TemporaryFolder();
        using var model = LoadedModel.Load(GoldenModel.Large().Folder);

        // Three query heads share a key and a value.
        Ablation[] ablations =
        [
            .. Enumerable.Range(0, model.Components.LayerCount).Select(layer => Heads(layer, 3, 4, 5)),
            Neurons(model, 3),
        ];
        Compare(model, folder, ablations, new BakeRequest { Folds = true, Removes = true });

        Assert.That(
            File.ReadAllText(folder.File("baked/genai_config.json")),
            Does.Contain("\"num_attention_heads\": 6,")
                .And.Contain("\"num_key_value_heads\": 2")
                .And.Contain("\"head_size\": 64,")
        );
    }

    // The number of query heads that the configuration says holds for most layers; nothing reads it.
    [Test]
    public void Without_query_heads_of_one_layer_and_with_weights_that_were_quantised_again()
    {
        using var folder = new TemporaryFolder();
        using var model = LoadedModel.Load(GoldenModel.Large().Folder);
        var width = model.Components.Get(15, ComponentNames.MlpOutput).Width;
        var direction = Enumerable.Range(0, width).Select(index => (float)Math.Sin(index * 1.7)).ToArray();
        var projection = new RepresentationConfig
        {
            Layer = 15,
            Component = ComponentNames.MlpOutput,
            Intervention = new ProjectOutIntervention(NumericArray.Of(direction, 1, width)),
        };

        var baked = Compare(
            model,
            folder,
            [Heads(5, 2, 5, 8), new Ablation(projection, null, null)],
            new BakeRequest
            {
                Folds = true,
                Removes = true,
                Requantises = true,
            }
        );

        Assert.That(baked.Roundings.Single().Bits, Is.EqualTo(4));
        Assert.That(baked.Removed.Single().Removed, Is.EqualTo(new[] { 2, 5, 8 }));
    }

    private static BakedModel Compare(
        LoadedModel model,
        TemporaryFolder folder,
        Ablation[] ablations,
        BakeRequest request
    )
    {
        using var intervened = model.With(
            new IntervenableConfig { Representations = [.. ablations.Select(one => one.At)] }
        );
        var locations = new UnitLocations([null], [.. ablations.Select(one => one.Heads)]);
        var settings = new RunSettings { Subspaces = new Subspaces([.. ablations.Select(one => one.Elements)]) };
        var (baked, evidence) = Baker.Write(
            intervened,
            request with
            {
                UnitLocations = locations,
                Settings = settings,
            },
            folder.File("baked")
        );
        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));

        using var smaller = LoadedModel.Load(folder.File("baked"));
        using var plain = smaller.With(IntervenableConfig.Empty);
        var options = new GenerationOptions
        {
            MaximumNewTokens = Count,
            IgnoresEndOfText = true,
            Schedules = [InterventionSchedule.Always],
        };
        using var judge = new GenAIModel(folder.File("baked"));
        var tokens = judge.Generate(model.Tokenizer.Encode(Prompt).Ids, Count);

        Assert.That(tokens, Is.EqualTo(plain.Generate([Prompt], options)[0].Tokens), "the same folder here");
        if (baked.Roundings.IsEmpty)
            Assert.That(
                tokens,
                Is.EqualTo(
                    intervened.Generate([Prompt], options, unitLocations: locations, settings: settings)[0].Tokens
                ),
                "the original, ablated"
            );
        return baked;
    }

    private static Ablation Heads(int layer, params int[] heads) =>
        new(
            new RepresentationConfig
            {
                Layer = layer,
                Component = HeadName,
                Unit = "h",
                Intervention = new ZeroIntervention(),
            },
            UnitLocation.At(heads),
            null
        );

    private static Ablation Neurons(LoadedModel model, int layer) =>
        new(
            new RepresentationConfig
            {
                Layer = layer,
                Component = ComponentNames.MlpActivation,
                Intervention = new ZeroIntervention(),
            },
            null,
            [
                [.. Enumerable.Range(0, model.Components.Get(layer, ComponentNames.MlpActivation).Width / 2)],
            ]
        );

    private sealed record Ablation(
        RepresentationConfig At,
        UnitLocation? Heads,
        ImmutableArray<ImmutableArray<int>>? Elements
    );
}
