using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Planning;

namespace OnnxIntervene.Tests.Generation;

/// <summary>What an earlier generation has read is not computed again, and changes nothing.</summary>
public sealed class TextCacheTests
{
    private static readonly RunSettings s_settings = new() { Coefficients = [Coefficient.Of(0.5f)] };

    [Test]
    [Category("Oracle")]
    public void A_text_is_the_same_after_one_that_begins_alike(
        [ValueSource(typeof(ReferenceExports), nameof(ReferenceExports.Cached))] string export
    )
    {
        using var loaded = ReferenceExports.Load(export);
        using var model = loaded.With(GenerationBatchTests.Steered(loaded));
        using var cache = new TextCache();
        var first = Run(model, [5, 9, 23, 41, 7, 30], cache, s_settings);
        ImmutableArray<int> longer = [.. first.Prompt, .. first.Tokens, 12, 33, 8];
        ImmutableArray<int> other = [5, 9, 23, 60, 2];

        Same(longer, reused: longer.Length - 4);
        Same(other, reused: 3);
        Same(other, reused: other.Length - 1);
        Same([60, 2, 5, 9, 23], reused: 0);

        void Same(ImmutableArray<int> prompt, int reused)
        {
            var again = Run(model, prompt, cache, s_settings);
            Assert.That(cache.ReusedCount, Is.EqualTo(reused));
            GenerationBatchTests.RequireSame(again, Run(model, prompt, null, s_settings), string.Join(",", prompt));
        }
    }

    [Test]
    public void Nothing_is_taken_over_where_interventions_differ_or_depend_on_places()
    {
        using var loaded = ReferenceExports.Load("llama/optimum-past/model.onnx");
        using var model = loaded.With(GenerationBatchTests.Steered(loaded));
        using var cache = new TextCache();
        ImmutableArray<int> prompt = [5, 9, 23, 41, 7, 30];
        var inPrompt = new InterventionSchedule { Phase = GenerationPhase.Prompt };

        Run(model, prompt, cache, s_settings);
        Run(model, prompt, cache, new RunSettings());
        Assert.That(cache.ReusedCount, Is.Zero, "another coefficient");
        Run(model, prompt, cache, s_settings, inPrompt);
        Run(model, prompt, cache, s_settings, inPrompt);
        Assert.That(cache.ReusedCount, Is.Zero, "new tokens are not the prompt's");
    }

    private static GeneratedText Run(
        IntervenableModel model,
        ImmutableArray<int> prompt,
        TextCache? cache,
        RunSettings settings,
        InterventionSchedule? schedule = null
    )
    {
        var options = new GenerationOptions
        {
            MaximumNewTokens = 6,
            IgnoresEndOfText = true,
            OutputScores = true,
            Schedules = schedule is null ? [] : [schedule],
        };
        var generation = model.PlanGeneration([prompt], options, settings: settings);
        foreach (var _ in generation.TokensAfter(cache, default)) { }
        return generation.Texts()[0];
    }
}
