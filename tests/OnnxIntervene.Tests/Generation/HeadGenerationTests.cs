using OnnxIntervene.Baking;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>Chosen heads are intervened on at every token of a generation, the new ones too.</summary>
public sealed class HeadGenerationTests
{
    private const string HeadName = "head_attention_value_output";
    private const int NewTokens = 6;
    private static readonly string[] s_prompts =
    [
        "The Space Needle is in",
        "The Eiffel Tower is located in the city of",
    ];
    private static readonly UnitLocations s_heads = new([null], [UnitLocation.At([1, 3])]);
    private static readonly GenerationOptions s_options = new()
    {
        MaximumNewTokens = NewTokens,
        IgnoresEndOfText = true,
        OutputScores = true,
        Schedules = [InterventionSchedule.Always],
    };

    [Test]
    public void A_file_with_the_heads_ablated_generates_the_same([Values] bool usesCache)
    {
        using var folder = new TemporaryFolder();
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var ablated = loaded.With(Ablation());
        Baker.Write(ablated, new BakeRequest { Folds = true, UnitLocations = s_heads }, folder.File("out"));
        using var file = LoadedModel.Load(folder.File("out"));
        using var plain = file.With(IntervenableConfig.Empty);
        var options = s_options with { UsesCache = usesCache };

        foreach (var prompts in s_prompts.Select(prompt => new[] { prompt }).Append(s_prompts))
        {
            var expected = plain.Generate(prompts, options);
            var texts = ablated.Generate(prompts, options, unitLocations: s_heads);

            foreach (var (text, other) in texts.Zip(expected))
            {
                Assert.That(text.Tokens, Is.EqualTo(other.Tokens));
                Assert.That(
                    text.Scores.Zip(other.Scores, Largest).Max(),
                    Is.LessThan(1e-4),
                    $"{prompts.Length} prompts"
                );
            }
        }
    }

    [Test]
    public void Heads_at_some_tokens_are_refused()
    {
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var ablated = loaded.With(Ablation());
        var options = s_options with { Schedules = [new InterventionSchedule { From = 2 }] };

        Assert.That(
            () => ablated.Generate([s_prompts[0]], options, unitLocations: s_heads),
            Throws.TypeOf<InterventionException>().With.Message.Contains("give one of them")
        );
    }

    private static float Largest(float[] one, float[] other) => one.Zip(other, (x, y) => Math.Abs(x - y)).Max();

    private static IntervenableConfig Ablation() =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
                    Component = HeadName,
                    Unit = "h",
                    Intervention = new ZeroIntervention(),
                },
            ],
        };
}
