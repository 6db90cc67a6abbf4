using OnnxIntervene.Baking;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>A model that was exported for no runtime in particular runs in onnxruntime-genai once baked.</summary>
public sealed class ConfiguredFolderTests
{
    private const int Count = 8;
    private static readonly int[] s_prompt = [5, 9, 23, 4];

    [TestCase("gpt_neox")]
    [TestCase("llama")]
    [TestCase("mistral")]
    [TestCase("opt")]
    public void A_baked_export_of_optimum_generates_the_steered_tokens(string family)
    {
        using var folder = new TemporaryFolder();
        var export = Path.Combine(RepositoryPaths.OwnReferences, "families", family, "optimum-past");
        using var model = LoadedModel.Load(export);
        using var plain = model.With(IntervenableConfig.Empty);
        using var steered = model.With(Steering(model));

        Baker.Write(steered, new BakeRequest { ConfiguresGenAI = true }, folder.File("baked"));
        using var judge = new GenAIModel(folder.File("baked"));
        var tokens = judge.Generate([.. s_prompt], Count);

        Assert.That(tokens, Is.EqualTo(Generate(steered)));
        Assert.That(tokens, Is.Not.EqualTo(Generate(plain)), "nothing is steered");
    }

    private static IntervenableConfig Steering(LoadedModel model)
    {
        var width = model.Components.Get(1, "block_output").Width;
        return new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
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

    private static int[] Generate(IntervenableModel model) =>
        [
            .. model
                .PlanGeneration(
                    [
                        [.. s_prompt],
                    ],
                    new GenerationOptions { MaximumNewTokens = Count, IgnoresEndOfText = true }
                )
                .Run()[0]
                .Tokens,
        ];
}
