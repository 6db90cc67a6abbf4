using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>
/// onnxruntime-genai generates with a folder whose weights took heads and adapters in what is generated here.
/// </summary>
public sealed class FoldedFolderTests
{
    private const int Count = 12;
    private const int Layer = 1;
    private const string HeadName = "head_attention_value_output";
    private static readonly string[] s_exports =
    [
        "llama/genai-fp32",
        "llama-int4/genai-int4",
        "qwen2/genai-fp32",
        "qwen3/genai-fp32",
    ];

    [TestCaseSource(nameof(s_exports))]
    public void An_addition_to_heads(string export)
    {
        using var model = Load(export);
        var heads = model.Components.Get(Layer, HeadName);
        var addition = At(HeadName, new AdditionIntervention()) with
        {
            SourceRepresentation = Numbers(2, 3, heads.Heads, 1, heads.Width),
        };

        Compare(model, addition, null);
    }

    [TestCaseSource(nameof(s_exports))]
    public void A_head_that_is_zero(string export)
    {
        using var model = Load(export);

        Compare(model, At(HeadName, new ZeroIntervention()) with { Unit = "h" }, UnitLocation.At(1, 2));
    }

    [TestCaseSource(nameof(s_exports))]
    public void A_head_that_is_its_mean(string export)
    {
        using var model = Load(export);
        var mean = Numbers(4, 3, model.Components.Get(Layer, HeadName).Width);

        Compare(model, At(HeadName, new MeanIntervention(mean)) with { Unit = "h" }, UnitLocation.At(1));
    }

    // What 4 bits hold of it is not the adapter exactly: both run the file as it was written.
    [TestCase("llama-int4/genai-int4")]
    [TestCase("qwen3-int4/genai-int4")]
    public void An_adapter_in_blocks_of_four_bits(string export)
    {
        using var model = Load(export);
        var (read, values) = (
            model.Components.Get(Layer, ComponentNames.MlpOutput).Width,
            model.Components.Get(Layer, ComponentNames.ValueOutput).Width
        );
        var adapter = At(
            ComponentNames.ValueOutput,
            new LoRAIntervention(Numbers(5, 1, 2, read), Numbers(6, 1, values, 2), 2)
        );

        var baked = Compare(model, adapter, null, requantises: true);

        Assert.That(baked.Roundings.Select(rounding => rounding.Bits), Is.EqualTo(new[] { 4 }));
    }

    private static BakedModel Compare(
        LoadedModel model,
        RepresentationConfig intervention,
        UnitLocation? heads,
        bool requantises = false
    )
    {
        using var folder = new TemporaryFolder();
        using var plain = model.With(IntervenableConfig.Empty);
        using var intervened = model.With(new IntervenableConfig { Representations = [intervention] });
        var locations = heads is null ? null : new UnitLocations([null], [heads]);
        var request = new BakeRequest
        {
            Folds = true,
            Requantises = requantises,
            UnitLocations = locations,
        };

        var (baked, evidence) = Baker.Write(intervened, request, folder.File("baked"));
        using var judge = new GenAIModel(folder.File("baked"));
        using var written = LoadedModel.Load(folder.File("baked"));
        using var again = written.With(IntervenableConfig.Empty);
        var tokens = judge.Generate([5, 9, 23, 4], Count);

        Assert.That(tokens, Is.EqualTo(Generate(again, null)), "the folder here");
        if (!requantises)
            Assert.That(tokens, Is.EqualTo(Generate(intervened, locations)), "the original under the intervention");
        Assert.That(tokens, Is.Not.EqualTo(Generate(plain, null)), "nothing has changed");
        foreach (var found in evidence)
            Assert.That(found.Difference, Is.LessThan(found.Effect), found.Input);
        return baked;
    }

    private static int[] Generate(IntervenableModel model, UnitLocations? locations) =>
        [
            .. model
                .Generate(
                    ModelInputs.FromTokens([5, 9, 23, 4]),
                    new GenerationOptions
                    {
                        MaximumNewTokens = Count,
                        IgnoresEndOfText = true,
                        Schedules = model.Config.Representations.IsEmpty ? [] : [InterventionSchedule.Always],
                    },
                    unitLocations: locations
                )[0]
                .Tokens,
        ];

    private static LoadedModel Load(string export) =>
        LoadedModel.Load(Path.Combine(RepositoryPaths.OwnReferences, "families", export));

    private static RepresentationConfig At(string component, Intervention intervention) =>
        new()
        {
            Layer = Layer,
            Component = component,
            Intervention = intervention,
        };

    private static NumericArray Numbers(int seed, float scale, params int[] shape) =>
        NumericArray.Of(
            Enumerable
                .Range(0, shape.Aggregate(1, (product, size) => product * size))
                .Select(index => scale * (float)Math.Sin((seed * 7.1) + (index * 1.7)))
                .ToArray(),
            shape
        );
}
