using System.Collections.Immutable;
using NUnit.Framework.Constraints;
using OnnxIntervene.Chat;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Templates;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Comparing;
using OnnxIntervene.Tests.Components;

namespace OnnxIntervene.Tests.Generation;

/// <summary>
/// Text is generated with decoders; a model that reads both sides, or gives no logits of tokens, is refused before a
/// token comes out.
/// </summary>
public sealed class CausalTrialTests
{
    private const string BothSides = "reads both sides";
    private static readonly string s_families = Path.Combine(RepositoryPaths.References, "families");

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("bert/optimum/model.onnx")]
    [TestCase("bert/dynamo/model.onnx")]
    [TestCase("bert/ort-fused/model.onnx")]
    [TestCase("esm/optimum/model.onnx")]
    public void Models_that_read_both_sides_are_refused_with_what_to_do(string export)
    {
        using var loaded = ReferenceExports.Load(export);

        Assert.That(() => Plan(loaded, 5, 9, 23), Refused(BothSides, "'run'"));
        Assert.That(() => Plan(loaded, 5), Refused(BothSides), "the model is tried, not the prompt");
    }

    [TestCase("bert/optimum/model.onnx")]
    [TestCase("bert/ort-fused/model.onnx")]
    public void They_are_refused_under_interventions_too(string export)
    {
        using var loaded = ReferenceExports.Load(export);
        using var model = loaded.With(
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 1,
                        Component = "block_output",
                        InterventionType = InterventionType.Zero,
                    },
                ],
            }
        );

        Assert.That(
            () =>
                model.PlanGeneration([
                    [5, 9, 23],
                ]),
            Refused(BothSides)
        );
    }

    [Test]
    public void Chats_and_searches_refuse_them_before_anything_is_asked()
    {
        File.Copy(Path.Combine(s_families, "bert/optimum/model.onnx"), _folder.File("model.onnx"));
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json" })
            File.Copy(Path.Combine(RepositoryPaths.DefaultModel, file), _folder.File(file));
        using var loaded = LoadedModel.Load(_folder.Path);
        var format = new ChatFormat(ChatTemplate.Parse("{{ messages[-1].content }}"));
        var search = new SteeringSearchRequest
        {
            Vector = SteeringVector.At(1, NumericArray.Of(Enumerable.Repeat(1f, 32).ToArray(), 32)),
            Coefficients = [1],
            Prompts = [new StudyPrompt { Inputs = ModelInputs.FromTokens([5, 9]) }],
            Neutral = [new StudyPrompt { Inputs = ModelInputs.FromTokens([3, 4]) }],
            Generated = new GeneratedTextScore { Bag = BagOfWords.Of(["joy"]) },
        };

        Assert.That(() => new SteeredChatClient(loaded, new() { Format = format }), Refused(BothSides));
        Assert.That(() => SteeringSearch.Run(loaded, search), Refused(BothSides));
    }

    public static IEnumerable<string> Decoders() =>
        ReferenceExports
            .LanguageModels()
            .Where(export => !export.StartsWith("bert", StringComparison.Ordinal))
            .Where(export => !export.StartsWith("esm", StringComparison.Ordinal))
            .Where(export => !export.StartsWith("mamba", StringComparison.Ordinal));

    [TestCaseSource(nameof(Decoders))]
    public void No_decoder_is_refused(string export)
    {
        using var loaded = ReferenceExports.Load(export);

        Assert.That(() => Plan(loaded, 5, 9, 23), Throws.Nothing);
    }

    // Each token moves the scale of the whole tensor, and so the earlier positions by its rounding.
    [TestCase("gpt2/optimum/model.onnx", HandmadeQuantization.Dynamic, true)]
    [TestCase("gpt2/optimum/model.onnx", HandmadeQuantization.OneOperator, true)]
    [TestCase("llama/optimum/model.onnx", HandmadeQuantization.Dynamic, true)]
    [TestCase("opt/optimum/model.onnx", HandmadeQuantization.ToFloat, true)]
    [TestCase("bert/optimum/model.onnx", HandmadeQuantization.Dynamic, false)]
    [TestCase("esm/optimum/model.onnx", HandmadeQuantization.ToFloat, false)]
    public void Activations_that_share_a_scale_are_told_from_tokens_that_are_read(
        string export,
        HandmadeQuantization form,
        bool isCausal
    )
    {
        EditedModel.Write(
            Path.Combine(s_families, export),
            _folder.File("model.onnx"),
            model => EditedModel.Quantize(model, form, (_, _) => { })
        );
        using var loaded = LoadedModel.Load(_folder.Path);

        Assert.That(() => Plan(loaded, 5, 9, 23), isCausal ? (IResolveConstraint)Throws.Nothing : Refused(BothSides));
    }

    [Test]
    public void A_file_that_takes_one_length_alone_gives_one_token_and_no_more()
    {
        using var loaded = ReferenceExports.Load("mamba/torchscript/model.onnx");
        using var model = loaded.With(IntervenableConfig.Empty);
        ImmutableArray<ImmutableArray<int>> prompt =
        [
            [5, 9, 23, 4, 8, 15, 16],
        ];
        var one = new GenerationOptions { MaximumNewTokens = 1 };

        Assert.That(model.PlanGeneration(prompt, one).Run()[0].Tokens, Has.Length.EqualTo(1));
        Assert.That(() => model.PlanGeneration(prompt), Refused("reads 7 tokens at once"));
        Assert.That(() => Plan(loaded, 5, 9), Refused("reads 7 tokens at once"));
    }

    // Hidden states have as many axes as logits; rows of [batch · position, width] have fewer.
    [TestCase("/transformer/h.5/Add_1_output_0")]
    [TestCase("/transformer/h.5/mlp/c_fc/Gemm_output_0")]
    public void Outputs_that_are_no_logits_are_refused(string tensor)
    {
        var model = OnnxFile.Load(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"));
        OnnxFile.Save(GraphCut.To(model, [model.Graph.FindValue(tensor)!]), _folder.File("model.onnx"));
        using var loaded = LoadedModel.Load(_folder.Path);
        using var plain = loaded.With(IntervenableConfig.Empty);

        Assert.That(
            () => plain.Generate(ModelInputs.FromTokens([5, 9, 23])),
            Refused($"first output '{tensor}'", "2560 tokens")
        );
    }

    private static TextGeneration Plan(LoadedModel loaded, params ReadOnlySpan<int> prompt)
    {
        using var model = loaded.With(IntervenableConfig.Empty);
        return model.PlanGeneration([
            [.. prompt],
        ]);
    }

    private static ContainsConstraint Refused(string reason, string alsoSaid = "") =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason).And.Message.Contains(alsoSaid);
}
