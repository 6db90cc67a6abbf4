using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>What is collected while text is generated is what one run over the whole text collects.</summary>
public sealed class CollectedGenerationTests
{
    private const int NewTokens = 5;
    private const double Tolerance = 1e-4;
    private static readonly int[][] s_prompts =
    [
        [3, 4, 5, 6, 7],
        [8, 9, 10],
    ];

    [Test]
    [Category("Oracle")]
    public void Values_equal_those_of_a_run_over_the_whole_text([ValueSource(nameof(Exports))] string export)
    {
        using var loaded = ReferenceExports.Load(export);
        using var model = loaded.With(Config(loaded));

        var texts = Generate(model, usesCache: true, []);

        Assert.Multiple(() =>
        {
            foreach (var text in texts)
                Compare(model, text, export);
        });
    }

    // A heads' component has all heads of a position together.
    [TestCase(true)]
    [TestCase(false)]
    public void Phases_positions_and_tokens_choose_what_is_collected(bool usesCache)
    {
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var model = loaded.With(
            new IntervenableConfig
            {
                Representations = [Collect("block_output"), Collect("head_query_output", "h.pos")],
            }
        );
        var all = Generate(model, usesCache, []);

        var generated = new InterventionSchedule
        {
            Phase = GenerationPhase.Generated,
            From = 6,
            Every = 2,
        };
        var some = Generate(model, usesCache, [generated, new InterventionSchedule { Tokens = [4, 9] }]);

        Assert.That(all[0].Collected[0].Steps.Select(step => step.Run), Is.EqualTo(Enumerable.Range(0, NewTokens)));
        Assert.That(all[1].Collected[0].Positions, Is.EqualTo(Enumerable.Range(0, 3 + NewTokens - 1)));
        Assert.That(
            all[0].Collected[1].Values()!.Shape[1],
            Is.EqualTo(loaded.Components.Get(0, "head_query_output").Heads)
        );
        for (var row = 0; row < s_prompts.Length; row++)
        {
            var whole = all[row].Collected[0];
            Assert.That(whole.Tokens, Is.EqualTo(all[row].Prompt.Concat(all[row].Tokens.SkipLast(1))));
            var (chosen, tokens) = (some[row].Collected[0], some[row].Collected[1]);
            Assert.That(chosen.Positions, Is.EqualTo(whole.Positions.Where(at => at >= 6 && at % 2 == 0)));
            foreach (var (place, position) in chosen.Positions.Index())
                Assert.That(Row(chosen, place), Is.EqualTo(Row(whole, position)).Within(Tolerance));
            Assert.That(tokens.Tokens, Is.All.EqualTo(4).Or.EqualTo(9));
            Assert.That(tokens.Positions, Has.Member(1));
        }
    }

    [Test]
    public void A_text_that_has_ended_is_not_collected_as_padding()
    {
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var model = loaded.With(new IntervenableConfig { Representations = [Collect("block_output")] });
        var plain = Generate(model, true, []);
        var stop = plain[0].Tokens.First(token => !plain[1].Tokens.Contains(token));

        var texts = Plan(model, new GenerationOptions { MaximumNewTokens = NewTokens, StopTokens = [stop] }).Run();

        Assert.That(texts[0].Finish, Is.EqualTo(FinishReason.Stop));
        foreach (var text in texts)
            Assert.That(text.Collected[0].Tokens, Is.EqualTo(text.Prompt.Concat(text.Tokens.SkipLast(1))));
    }

    [TestCase("attention_weight", "h", "only values at positions are collected")]
    public void What_is_not_at_positions_is_refused(string component, string unit, string message)
    {
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var model = loaded.With(new IntervenableConfig { Representations = [Collect(component, unit)] });

        Assert.That(
            () => Generate(model, true, []),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void Subspaces_of_what_is_collected_are_refused()
    {
        using var loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var model = loaded.With(new IntervenableConfig { Representations = [Collect("block_output")] });

        Assert.That(
            () => Plan(model, new GenerationOptions(), new RunSettings { Subspaces = Subspaces.Of(0, 1) }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("subspaces are not chosen")
        );
    }

    // Those that read from left to right, with the cache where there is one.
    private static IEnumerable<string> Exports() =>
        ReferenceExports
            .LanguageModels()
            .Where(export =>
                File.Exists(
                    Path.Combine(
                        RepositoryPaths.References,
                        "families",
                        export.Split(Path.DirectorySeparatorChar)[0],
                        "generation.json"
                    )
                )
            );

    private static IntervenableConfig Config(LoadedModel model)
    {
        var width = model.Components.Get(0, "block_output").Width;
        return new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 0,
                    Component = "block_output",
                    InterventionType = InterventionType.Addition,
                    SourceRepresentation = NumericArray.Of(Enumerable.Repeat(0.2f, width).ToArray(), width),
                },
                Collect("block_input"),
                Collect("block_output") with
                {
                    Layer = 1,
                },
            ],
        };
    }

    private static RepresentationConfig Collect(string component, string unit = "pos") =>
        new()
        {
            Layer = 0,
            Component = component,
            Unit = unit,
            InterventionType = InterventionType.Collect,
        };

    private static ImmutableArray<GeneratedText> Generate(
        IntervenableModel model,
        bool usesCache,
        ImmutableArray<InterventionSchedule> schedules
    ) =>
        Plan(
                model,
                new GenerationOptions
                {
                    MaximumNewTokens = NewTokens,
                    IgnoresEndOfText = true,
                    UsesCache = usesCache,
                    Schedules = schedules,
                }
            )
            .Run();

    private static TextGeneration Plan(
        IntervenableModel model,
        GenerationOptions options,
        RunSettings? settings = null
    ) => model.PlanGeneration([.. s_prompts.Select(prompt => prompt.ToImmutableArray())], options, settings: settings);

    private static void Compare(IntervenableModel model, GeneratedText text, string what)
    {
        int[] read = [.. text.Prompt, .. text.Tokens.SkipLast(1)];
        var expected = model.Run(ModelInputs.FromTokens([read])).Collected;
        for (var site = 0; site < expected.Length; site++)
        {
            var actual = text.Collected[site];
            Assert.That(actual.Positions, Is.EqualTo(Enumerable.Range(0, read.Length)), what);
            var difference = actual.Values()!.Floats.ToArray().Zip(expected[site].Floats.ToArray());
            Assert.That(
                difference.Max(pair => Math.Abs(pair.First - pair.Second)),
                Is.LessThanOrEqualTo(Tolerance),
                what
            );
        }
    }

    private static float[] Row(CollectedValues values, int place) => values.Values()!.Row(place).Floats.ToArray();
}
