using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>How tokens are chosen, when a text ends, and when interventions act.</summary>
public sealed class GenerationOptionTests
{
    private static readonly string[] s_prompt = ["A young salmon is called a"];

    private LoadedModel _loaded = null!;
    private IntervenableModel _model = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _loaded = LoadedModel.Load(RepositoryPaths.DefaultModel);
        _model = _loaded.With(new IntervenableConfig { Representations = [] });
    }

    [OneTimeTearDown]
    public void Close()
    {
        _model.Dispose();
        _loaded.Dispose();
    }

    [Test]
    public void A_text_ends_with_the_token_that_the_files_beside_the_model_name()
    {
        var text = _model.Generate(s_prompt)[0];

        Assert.That(text.Finish, Is.EqualTo(FinishReason.Stop));
        Assert.That(text.Text, Is.EqualTo(" fry."));
    }

    [Test]
    public void A_stop_text_ends_a_text_and_is_left_out()
    {
        var text = _model.Generate(s_prompt, new GenerationOptions { StopTexts = ["."] })[0];

        Assert.That(text.Finish, Is.EqualTo(FinishReason.Stop));
        Assert.That(text.Text, Is.EqualTo(" fry"));
    }

    [Test]
    public void A_stop_text_that_is_a_special_token_ends_a_text()
    {
        var options = new GenerationOptions { IgnoresEndOfText = true, MaximumNewTokens = 8 };

        var unstopped = _model.Generate(s_prompt, options)[0];
        var text = _model.Generate(s_prompt, options with { StopTexts = ["<|endoftext|>"] })[0];

        Assert.That(unstopped.Tokens, Has.Length.EqualTo(8).And.Some.EqualTo(0));
        Assert.That((text.Finish, text.Text), Is.EqualTo((FinishReason.Stop, " fry.")));
    }

    [Test]
    public void Drawing_among_one_token_is_greedy_and_a_seed_draws_the_same_again()
    {
        var greedy = _model.Generate(s_prompt)[0];
        var only = _model.Generate(
            s_prompt,
            new GenerationOptions
            {
                Temperature = 5,
                TopK = 1,
                Seed = 3,
            }
        )[0];
        var drawn = new GenerationOptions
        {
            Temperature = 8,
            Seed = 11,
            IgnoresEndOfText = true,
            MaximumNewTokens = 8,
        };

        Assert.That(only.Tokens, Is.EqualTo(greedy.Tokens));
        var first = _model.Generate(s_prompt, drawn)[0].Tokens;
        Assert.That(_model.Generate(s_prompt, drawn)[0].Tokens, Is.EqualTo(first));
        Assert.That(_model.Generate(s_prompt, drawn with { Seed = 12 })[0].Tokens, Is.Not.EqualTo(first));
    }

    [TestCase(0, 1.0, 0.0, new[] { 0, 1, 2, 3 })]
    [TestCase(2, 1.0, 0.0, new[] { 0, 1 })]
    [TestCase(0, 0.6, 0.0, new[] { 0 })]
    [TestCase(0, 0.7, 0.0, new[] { 0, 1 })]
    [TestCase(0, 1.0, 0.2, new[] { 0, 1 })]
    public void Filters_leave_the_most_probable_tokens(int topK, double topP, double minP, int[] expected)
    {
        // Probabilities of 0.64, 0.24, 0.09 and 0.03.
        float[] logits = [3, 2, 1, 0];
        var options = new GenerationOptions
        {
            Temperature = 1,
            TopK = topK,
            TopP = topP,
            MinP = minP,
        };
        var sampler = new TokenSampler(options, 5);

        var drawn = Enumerable.Range(0, 2000).Select(_ => sampler.Next(logits)).Distinct().Order();

        Assert.That(drawn, Is.EqualTo(expected));
    }

    [Test]
    public void A_repetition_penalty_lowers_what_was_seen()
    {
        var sampler = new TokenSampler(new GenerationOptions { RepetitionPenalty = 2 }, 0);
        sampler.See(0);

        Assert.That(sampler.Next([3, 2, -1]), Is.EqualTo(1), "3 / 2 is less than 2");
    }

    [Test]
    public void A_schedule_of_factors_ends_an_intervention()
    {
        var steered = Steered();
        var always = Generate(steered, InterventionSchedule.Always);
        var never = Generate(steered, InterventionSchedule.Always with { Coefficients = CoefficientSchedule.Of(0) });
        var once = Generate(steered, InterventionSchedule.Always with { Coefficients = CoefficientSchedule.Of(1, 0) });
        var prompt = Generate(steered, InterventionSchedule.Always with { Phase = GenerationPhase.Prompt });

        Assert.That(never.Scores[0], Is.EqualTo(Generate(null, null).Scores[0]));
        Assert.That(once.Scores[0], Is.EqualTo(always.Scores[0]));
        Assert.That(once.Scores[^1], Is.EqualTo(prompt.Scores[^1]));
        Assert.That(once.Scores[^1], Is.Not.EqualTo(always.Scores[^1]));
    }

    [Test]
    public void Positions_tokens_and_steps_choose_where_an_intervention_acts()
    {
        var steered = Steered();
        var first = Generate(steered, new InterventionSchedule { To = 1 });
        var located = Generate(steered, null, UnitLocations.SourcesToBase(0));
        var token = Generate(steered, new InterventionSchedule { Tokens = [first.Prompt[0]] });
        var everyHundred = Generate(steered, new InterventionSchedule { Every = 100 });

        Assert.That(located.Scores[^1], Is.EqualTo(first.Scores[^1]));
        Assert.That(token.Scores[^1], Is.EqualTo(first.Scores[^1]));
        Assert.That(everyHundred.Scores[^1], Is.EqualTo(first.Scores[^1]));
        Assert.That(first.Scores[^1], Is.Not.EqualTo(Generate(null, null).Scores[^1]));
    }

    [Test]
    public void What_cannot_be_done_is_refused_before_anything_runs()
    {
        Assert.Multiple(() =>
        {
            Refused(new GenerationOptions { StopTexts = [""] }, "empty");
            Refused(new GenerationOptions { StopTexts = ["fry<|endoftext|>"] }, "can never occur");
            Refused(new GenerationOptions { StopTokens = [1_000_000] }, "vocabulary");
            Refused(new GenerationOptions { Temperature = -1 }, "temperature");
            Refused(new GenerationOptions { MaximumNewTokens = 0 }, "at least 1");
            Assert.That(
                () =>
                    _model.PlanGeneration([
                        [.. Enumerable.Repeat(1, 5000)],
                    ]),
                Throws.TypeOf<InterventionException>().With.Message.Contains("at most")
            );
        });

        void Refused(GenerationOptions options, string word) =>
            Assert.That(
                () => _model.Generate(s_prompt, options),
                Throws.TypeOf<InterventionException>().With.Message.Contains(word)
            );
    }

    [Test]
    public void What_interventions_cannot_do_is_refused_before_anything_runs()
    {
        using var model = _loaded.With(Steered());

        Assert.That(
            () => Generate(Steered(), new InterventionSchedule { Tokens = [1_000_000] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("schedule").And.Message.Contains("vocabulary")
        );
        Assert.That(
            () => model.Generate(s_prompt, settings: new RunSettings { Coefficients = [Coefficient.Of(float.NaN)] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("not a finite number")
        );
    }

    [Test]
    public void A_text_that_grows_is_the_text_at_the_end()
    {
        var ids = _loaded.Tokenizer.Encode("A young salmon – café 🙂 STOP").Ids;
        var stream = new TextStream(_loaded.Tokenizer, ["STOP"]);

        var parts = ids.Select(stream.Append).Append(stream.Flush()).ToList();

        Assert.That(string.Concat(parts), Is.EqualTo(_loaded.Tokenizer.Decode(ids, true).Replace("STOP", "")));
        Assert.That(parts, Has.None.Contains("\uFFFD"));
    }

    [Test]
    public async Task Tokens_are_streamed()
    {
        var tokens = new List<GeneratedToken>();
        await foreach (var token in _model.GenerateAsync(_model.Tokenize(s_prompt[0])))
            tokens.Add(token);

        Assert.That(tokens.Select(token => token.Token), Is.EqualTo(_model.Generate(s_prompt)[0].Tokens));
        Assert.That(tokens[^1].Finish, Is.EqualTo(FinishReason.Stop));
    }

    private GeneratedText Generate(
        IntervenableConfig? config,
        InterventionSchedule? schedule,
        UnitLocations? locations = null
    )
    {
        using var model = config is null ? null : _loaded.With(config);
        return (model ?? _model).Generate(
            s_prompt,
            new GenerationOptions
            {
                MaximumNewTokens = 3,
                IgnoresEndOfText = true,
                OutputScores = true,
                Schedules = schedule is null ? [] : [schedule],
            },
            unitLocations: locations
        )[0];
    }

    private static IntervenableConfig Steered() =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = 2,
                    InterventionType = InterventionType.Addition,
                    SourceRepresentation = NumericArray.Of(
                        Enumerable.Range(0, 192).Select(index => (index % 7) - 3f).ToArray(),
                        192
                    ),
                },
            ],
        };
}
