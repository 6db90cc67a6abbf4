using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Patterns;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Studies;

/// <summary>Scores say of patterns made by hand what these are, and probabilities are those of every export.</summary>
public sealed class AttentionPatternTests
{
    // The tokens 3 1 4, and again.
    private static readonly ImmutableArray<int> s_tokens = [3, 1, 4, 3, 1, 4];

    [Test]
    public void A_pattern_made_by_hand_has_the_scores_of_its_definition()
    {
        Assert.That(Scores(query => query - 1), Is.EqualTo(new[] { 1.0, 0, 0 }), "previous token");
        Assert.That(Scores(query => query - 3), Is.EqualTo(new[] { 0.0, 1, 0 }), "duplicate token");
        Assert.That(Scores(query => query - 2), Is.EqualTo(new[] { 0.0, 0, 1 }), "induction");
    }

    // Of three positions whose token occurred before, one looks back at it by half.
    [Test]
    public void A_score_is_the_mean_over_the_positions_that_count()
    {
        var pattern = new float[36];
        pattern[(4 * 6) + 1] = 0.5f;

        Assert.That(Score(PatternScore.DuplicateToken, pattern), Is.EqualTo(0.5 / 3).Within(1e-6));
        Assert.That(
            PatternScore.Induction.Of(NumericArray.Of(new float[9], 3, 3), [1, 2, 3]),
            Is.NaN,
            "no token occurs twice"
        );
        Assert.That(
            PatternScore.Induction.Of(NumericArray.Of(new float[4], 2, 2), [1, 1]),
            Is.NaN,
            "what followed is the position itself"
        );
    }

    [Test]
    public void Random_tokens_are_different_ones_and_the_same_again()
    {
        var tokens = RepeatedTokens.Create(20, seed: 3, vocabulary: 30, prefix: [7]).Text!.Ids;

        Assert.That(tokens, Has.Length.EqualTo(41));
        Assert.That(tokens.Take(21).Distinct().Count(), Is.EqualTo(21));
        Assert.That(tokens.Skip(21), Is.EqualTo(tokens.Skip(1).Take(20)));
        Assert.That(RepeatedTokens.Create(20, 3, 30, [7]).Text!.Ids, Is.EqualTo(tokens));
        Assert.That(() => RepeatedTokens.Create(30, 3, 30, [7]), Throws.InstanceOf<InterventionException>());
    }

    // Elsewhere probabilities are tensors of the file, as all other components.
    [Test]
    public void Patterns_inside_fused_attentions_are_scored()
    {
        var count = 0;
        foreach (var export in ReferenceExports.LanguageModels())
        {
            using var model = ReferenceExports.Load(export);
            if (!HasFusedAttention(model))
                continue;
            var prompt = RepeatedTokens.Create(4, 1, 40);
            var result = AttentionPatterns.Run(model, new PatternRequest { Prompts = [prompt] });
            var best = result.Best(PatternScore.PreviousToken, 1);
            var pattern = AttentionPatterns.Read(model, prompt, best)[0];

            for (var query = 0; query < prompt.Length; query++)
                Assert.That(pattern.Row(query).Floats.ToArray().Sum(), Is.EqualTo(1).Within(1e-4), export);
            Assert.That(
                result.Of(PatternScore.PreviousToken).Mean[result.Layers.IndexOf(best[0].Layer), best[0].Head],
                Is.EqualTo(PatternScore.PreviousToken.Of(pattern, prompt.Text!.Ids)).Within(1e-5),
                export
            );
            count++;
        }

        Assert.That(count, Is.GreaterThanOrEqualTo(6));
    }

    private static bool HasFusedAttention(LoadedModel model) =>
        model.Components.Components.Any(component =>
            component.Address.Name == ComponentNames.AttentionWeight && component.Source is not TensorSource
        );

    private static double[] Scores(Func<int, int> keyOf)
    {
        var pattern = new float[36];
        for (var query = 0; query < 6; query++)
        {
            if (keyOf(query) >= 0)
                pattern[(query * 6) + keyOf(query)] = 1;
        }

        return [.. PatternScore.All.Select(score => Score(score, pattern))];
    }

    private static double Score(PatternScore score, float[] pattern) =>
        score.Of(NumericArray.Of(pattern, 6, 6), s_tokens);
}
