using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Generation;

/// <summary>A text is the same in a batch of other lengths, with a cache and without, as alone.</summary>
public sealed class GenerationBatchTests
{
    private const int NewTokens = 6;
    private static readonly ImmutableArray<ImmutableArray<int>> s_prompts =
    [
        [5, 9, 23, 41],
        [7],
        [3, 60, 12, 33, 8, 19, 2],
    ];

    [Test]
    [Category("Oracle")]
    public void Texts_are_the_same_in_a_batch_as_alone(
        [ValueSource(typeof(ReferenceExports), nameof(ReferenceExports.Cached))] string export
    )
    {
        using var loaded = ReferenceExports.Load(export);
        using var model = loaded.With(Steered(loaded));

        var together = Generate(model, s_prompts, usesCache: true);
        var again = Generate(model, s_prompts, usesCache: false);

        Assert.Multiple(() =>
        {
            for (var row = 0; row < s_prompts.Length; row++)
            {
                var alone = Generate(model, [s_prompts[row]], usesCache: true)[0];
                RequireSame(together[row], alone, $"row {row} in a batch");
                RequireSame(again[row], alone, $"row {row} computed again");
            }
        });
    }

    [Test]
    public void Each_row_has_its_own_coefficient()
    {
        using var loaded = ReferenceExports.Load("llama/optimum-past/model.onnx");
        using var model = loaded.With(Steered(loaded));
        var options = Options(usesCache: true);
        float[] coefficients = [-2, 0, 2];

        var together = Run(model, [.. coefficients.Select(_ => s_prompts[0])], Coefficient.PerExample(coefficients));

        Assert.That(together.Select(text => text.Tokens).Distinct(new SameTokens()).Count(), Is.GreaterThan(1));
        for (var row = 0; row < coefficients.Length; row++)
            RequireSame(together[row], Run(model, [s_prompts[0]], Coefficient.Of(coefficients[row]))[0], $"row {row}");

        ImmutableArray<GeneratedText> Run(
            IntervenableModel intervened,
            ImmutableArray<ImmutableArray<int>> prompts,
            Coefficient coefficient
        )
        {
            var generation = intervened.PlanGeneration(
                prompts,
                options,
                settings: new RunSettings { Coefficients = [coefficient] }
            );
            foreach (var _ in generation.Tokens(default)) { }
            return generation.Texts();
        }
    }

    /// <summary>Past and present share memory for as many tokens as there may be.</summary>
    [TestCase("llama/genai-fp32/model.onnx")]
    [TestCase("llama-int4/genai-int4/model.onnx")]
    public void Long_texts_are_the_same_with_a_cache_as_without(string export)
    {
        using var loaded = ReferenceExports.Load(export);
        using var model = loaded.With(Steered(loaded));

        var cached = Generate(model, s_prompts, usesCache: true, newTokens: 50);
        var again = Generate(model, s_prompts, usesCache: false, newTokens: 50);

        for (var row = 0; row < s_prompts.Length; row++)
        {
            Assert.That(cached[row].Tokens, Has.Length.EqualTo(50));
            RequireSame(cached[row], again[row], $"row {row}");
        }
    }

    internal static IntervenableConfig Steered(LoadedModel model)
    {
        var width = model.Components.Get(1, "block_input").Width;
        return new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
                    Component = "block_input",
                    InterventionType = InterventionType.Addition,
                    SourceRepresentation = NumericArray.Of(
                        Enumerable.Range(0, width).Select(index => (index % 5) - 2f).ToArray(),
                        width
                    ),
                },
            ],
        };
    }

    private static GenerationOptions Options(bool usesCache, int newTokens = NewTokens) =>
        new()
        {
            MaximumNewTokens = newTokens,
            IgnoresEndOfText = true,
            OutputScores = true,
            UsesCache = usesCache,
        };

    private static ImmutableArray<GeneratedText> Generate(
        IntervenableModel model,
        ImmutableArray<ImmutableArray<int>> prompts,
        bool usesCache,
        int newTokens = NewTokens
    )
    {
        var generation = model.PlanGeneration(prompts, Options(usesCache, newTokens));
        foreach (var _ in generation.Tokens(default)) { }
        return generation.Texts();
    }

    internal static void RequireSame(GeneratedText text, GeneratedText other, string what)
    {
        Assert.That(text.Tokens, Is.EqualTo(other.Tokens), what);
        var differences = text.Scores.Zip(
            other.Scores,
            (left, right) => left.Zip(right, (first, second) => Math.Abs(first - second)).Max()
        );
        Assert.That(differences.Max(), Is.LessThan(1e-4), what);
    }

    private sealed class SameTokens : IEqualityComparer<ImmutableArray<int>>
    {
        public bool Equals(ImmutableArray<int> left, ImmutableArray<int> right) => left.SequenceEqual(right);

        public int GetHashCode(ImmutableArray<int> tokens) => tokens.Length;
    }
}
