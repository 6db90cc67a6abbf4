using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Steering;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>Vectors act in each manner while text is generated, with the cache as without.</summary>
public sealed class SteeringMannerTests
{
    private const int NewTokens = 6;
    private static readonly ImmutableArray<ImmutableArray<int>> s_prompts =
    [
        [5, 9, 23, 41],
        [7],
        [3, 60, 12, 33, 8, 19, 2],
    ];

    private static readonly Dictionary<string, SteeringManner> s_manners = new()
    {
        ["above"] = new SteeringManner { WhenAbove = -0.1f },
        ["below with its norm"] = new SteeringManner { WhenBelow = 0.1f, KeepsNorm = true },
        ["norm"] = new SteeringManner { KeepsNorm = true },
        ["cap"] = new SteeringManner { Clamp = (float.NegativeInfinity, -0.5f) },
        ["set"] = new SteeringManner { Clamp = (3, 3) },
    };

    private static readonly string[] s_names = [.. s_manners.Keys];

    [Test]
    public void Texts_with_the_cache_are_those_without_and_those_alone(
        [Values("llama/optimum-past/model.onnx", "llama/genai-fp32/model.onnx")] string export,
        [ValueSource(nameof(s_names))] string manner
    )
    {
        using var loaded = ReferenceExports.Load(export);
        var prompts = export.Contains("genai", StringComparison.Ordinal) ? [s_prompts[0]] : s_prompts;

        var texts = Compared(loaded, prompts, manner, layer: 1, coefficient: 2);

        Assert.That(texts.Select(text => text.Tokens.Length), Is.All.EqualTo(NewTokens));
    }

    [Test]
    public void So_it_is_on_the_large_model([ValueSource(nameof(s_names))] string manner)
    {
        using var loaded = LoadedModel.Load(GoldenModel.Large().Folder, new ExecutionOptions { Threads = 2 });

        Compared(loaded, [loaded.Tokenizer.Encode("I went to the restaurant and").Ids], manner, 14, 20);
    }

    [Test]
    public void Parts_that_do_not_go_together_are_refused()
    {
        var vector = SteeringVector.At(1, NumericArray.Of(new float[] { 1, 2 }, 2));
        var other = SteeringVector.At(2, NumericArray.Of(new float[] { 1, 2 }, 2));
        var wide = SteeringVector.At(1, NumericArray.Of(new float[] { 1, 2, 3 }, 3));

        Refused(new SteeringManner { WhenAbove = 1, WhenBelow = 0 }, "not both");
        Refused(new SteeringManner { Along = other }, "threshold");
        Refused(new SteeringManner { Clamp = (0, 1), KeepsNorm = true }, "alone");
        Refused(new SteeringManner { Clamp = (0, 1), WhenAbove = 1 }, "alone");
        Refused(new SteeringManner { Clamp = (2, 1) }, "2 and 1");
        Refused(new SteeringManner { WhenAbove = float.NaN }, "finite");
        Refused(new SteeringManner { WhenAbove = 1, Along = other }, "layer 1");
        Refused(new SteeringManner { WhenAbove = 1, Along = wide }, "3 wide");

        void Refused(SteeringManner manner, string message) =>
            Assert.That(
                () => vector.Acting(manner),
                Throws.TypeOf<InterventionException>().With.Message.Contains(message)
            );
    }

    // With the cache as without, in a batch as alone, and otherwise than the plain model.
    private static ImmutableArray<GeneratedText> Compared(
        LoadedModel loaded,
        ImmutableArray<ImmutableArray<int>> prompts,
        string manner,
        int layer,
        float coefficient
    )
    {
        var width = loaded.Components.Get(layer, SteeringVector.Stream).Width;
        var vector = SteeringVector.At(
            layer,
            NumericArray.Of(Enumerable.Range(0, width).Select(index => (index % 5) - 2f).ToArray(), width)
        );
        using var model = loaded.With(
            new IntervenableConfig { Representations = vector.Normalized().Acting(s_manners[manner]) }
        );
        using var plain = loaded.With(IntervenableConfig.Empty);
        var settings = s_manners[manner].Clamp is null
            ? new RunSettings { Coefficients = [Coefficient.Of(coefficient)] }
            : new RunSettings();

        var cached = Generated(model, prompts, usesCache: true, settings);

        RequireSame(cached, Generated(model, prompts, usesCache: false, settings));
        for (var row = 0; prompts.Length > 1 && row < prompts.Length; row++)
            RequireSame([cached[row]], Generated(model, [prompts[row]], usesCache: true, settings));
        var unsteered = Generated(plain, prompts, usesCache: true, new RunSettings());
        Assert.That(
            cached.Zip(unsteered, (text, other) => text.Scores.Zip(other.Scores, Distance).Max()).Max(),
            Is.GreaterThan(1e-2),
            "the effect"
        );
        return cached;
    }

    private static ImmutableArray<GeneratedText> Generated(
        IntervenableModel model,
        ImmutableArray<ImmutableArray<int>> prompts,
        bool usesCache,
        RunSettings settings
    )
    {
        var options = new GenerationOptions
        {
            MaximumNewTokens = NewTokens,
            IgnoresEndOfText = true,
            OutputScores = true,
            UsesCache = usesCache,
        };
        return model.PlanGeneration(prompts, options, settings: settings).Run();
    }

    private static void RequireSame(ImmutableArray<GeneratedText> texts, ImmutableArray<GeneratedText> others)
    {
        foreach (var (text, other) in texts.Zip(others))
        {
            Assert.That(text.Tokens, Is.EqualTo(other.Tokens));
            Assert.That(text.Scores.Zip(other.Scores, Distance).Max(), Is.LessThan(1e-4));
        }
    }

    private static double Distance(IEnumerable<float> scores, IEnumerable<float> others) =>
        scores.Zip(others, (left, right) => (double)Math.Abs(left - right)).Max();
}
