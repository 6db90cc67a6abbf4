using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Tests.Studies;

/// <summary>The lens of the last layer is what the model computes; contributions sum to what they are parts of.</summary>
public sealed class LogitLensTests
{
    [Test]
    public void The_last_layer_of_every_export_that_can_be_cut_gives_the_models_own_logits()
    {
        var refused = new List<string>();
        var count = 0;
        foreach (var export in ReferenceExports.LanguageModels())
        {
            using var model = ReferenceExports.Load(export);
            try
            {
                var result = LogitLens.Run(model, Request(model));
                Assert.That(result.Difference, Is.LessThan(1e-4), export);
                Assert.That(result.Grids[0].Mean[result.Rows.Length - 1, 0], Is.EqualTo(0).Within(1e-6), export);
                Assert.That(result.Grids[0].Mean[0, 0], Is.GreaterThan(1e-6), export);
                count++;
            }
            catch (InterventionException fault)
            {
                refused.Add($"{export}: {fault.Message}");
            }
        }

        TestContext.Out.WriteLine($"{count} read{Environment.NewLine}{string.Join(Environment.NewLine, refused)}");
        Assert.That(count, Is.GreaterThan(60));
    }

    [Test]
    public void What_parts_add_sums_to_the_logit_difference_wherever_it_is_accepted()
    {
        var refused = new List<string>();
        var (count, withHeads) = (0, 0);
        foreach (var export in ReferenceExports.LanguageModels())
        {
            using var model = ReferenceExports.Load(export);
            try
            {
                var result = LogitAttribution.Run(model, new() { Prompts = Prompts(model) });
                count++;
                withHeads += result.Heads is null ? 0 : 1;
                TestContext.Out.WriteLine($"{export}: {result.Error:G2} {result.IsBeforeCap} {result.WhyNoHeads}");
            }
            catch (InterventionException fault)
            {
                refused.Add($"{export}: {fault.Message}");
            }
        }

        TestContext.Out.WriteLine($"{count} {withHeads}{Environment.NewLine}{string.Join(Environment.NewLine, refused)}");
        Assert.That(count, Is.GreaterThan(60));
    }

    private static LogitLensRequest Request(LoadedModel model) =>
        new() { Prompts = Prompts(model), Positions = PromptPositions.All };

    private static ImmutableArray<StudyPrompt> Prompts(LoadedModel model) =>
        [
            .. Enumerable
                .Range(0, 2)
                .Select(seed => new StudyPrompt
                {
                    Inputs = Tokens(model, seed),
                    Answer = 5,
                    Wrong = 9,
                }),
        ];

    private static ModelInputs Tokens(LoadedModel model, int seed)
    {
        var random = new Random(seed);
        var limit = Math.Min(60, (int)(model.Components.Limits.Vocabulary ?? 60));
        return ModelInputs.FromTokens([.. Enumerable.Range(0, 7).Select(_ => random.Next(10, limit))]);
    }
}
