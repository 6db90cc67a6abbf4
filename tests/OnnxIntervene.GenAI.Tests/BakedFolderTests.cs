using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>onnxruntime-genai generates with a baked folder what is generated here under the interventions.</summary>
public sealed class BakedFolderTests
{
    private const int Count = 24;
    private static readonly string[] s_prompts = ["The food at the restaurant was", "Once upon a time"];

    [Test]
    public void Tokens_without_interventions_are_genais()
    {
        using var model = LoadedModel.Load(GoldenModel.Large().Folder);
        using var plain = model.With(IntervenableConfig.Empty);
        using var judge = new GenAIModel(GoldenModel.Large().Folder);

        foreach (var prompt in s_prompts)
            Assert.That(Generate(plain, prompt), Is.EqualTo(judge.Generate(Tokens(model, prompt), Count)), prompt);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_baked_folder_generates_the_steered_text(bool folds)
    {
        using var folder = new TemporaryFolder();
        using var model = LoadedModel.Load(GoldenModel.Large().Folder);
        using var steered = model.With(Steering(model));

        Baker.Write(steered, new BakeRequest { Folds = folds }, folder.File("baked"));
        using var judge = new GenAIModel(folder.File("baked"));

        foreach (var prompt in s_prompts)
        {
            var tokens = judge.Generate(Tokens(model, prompt), Count);
            Assert.That(tokens, Is.EqualTo(Generate(steered, prompt)), prompt);
            RequireEffect(model, prompt, tokens);
        }
    }

    [Test]
    public void An_adapter_is_switched_on_and_off()
    {
        using var folder = new TemporaryFolder();
        using var model = LoadedModel.Load(GoldenModel.Large().Folder);
        using var plain = model.With(IntervenableConfig.Empty);
        using var steered = model.With(Steering(model));

        Baker.Write(steered, new BakeRequest { Numbers = BakedNumbers.Adapter }, folder.File("baked"));
        using var judge = new GenAIModel(folder.File("baked"));
        var adapter = folder.File($"baked/{Baker.AdapterName}");

        foreach (var prompt in s_prompts)
        {
            var tokens = Tokens(model, prompt);
            Assert.That(judge.Generate(tokens, Count), Is.EqualTo(Generate(plain, prompt)), $"off: {prompt}");
            Assert.That(judge.Generate(tokens, Count, adapter), Is.EqualTo(Generate(steered, prompt)), $"on: {prompt}");
        }
    }

    private static void RequireEffect(LoadedModel model, string prompt, ImmutableArray<int> steered)
    {
        using var plain = model.With(IntervenableConfig.Empty);
        Assert.That(steered, Is.Not.EqualTo(Generate(plain, prompt)), $"{prompt}: nothing is steered");
    }

    private static IntervenableConfig Steering(LoadedModel model)
    {
        var layer = model.Components.LayerCount / 2;
        var width = model.Components.Get(layer, "block_output").Width;
        return new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = "block_output",
                    InterventionType = InterventionType.Addition,
                    SourceRepresentation = NumericArray.Of(
                        Enumerable.Range(0, width).Select(index => 4 * (float)Math.Sin(index * 1.7)).ToArray(),
                        width
                    ),
                },
            ],
        };
    }

    private static ImmutableArray<int> Tokens(LoadedModel model, string prompt) => model.Tokenizer.Encode(prompt).Ids;

    private static ImmutableArray<int> Generate(IntervenableModel model, string prompt) =>
        model.Generate([prompt], new GenerationOptions { MaximumNewTokens = Count, IgnoresEndOfText = true })[0].Tokens;
}
