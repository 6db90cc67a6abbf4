using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OnnxIntervene.Chat;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Steering;
using OnnxIntervene.Templates;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Chat;

/// <summary>A chat client answers what the same generation gives, plainly and steered, at once and in parts.</summary>
public sealed class SteeredChatClientTests
{
    private const string Salmon = "A young salmon is called a";
    private static readonly ChatFormat s_last = new(ChatTemplate.Parse("{{ messages[-1].content }}"))
    {
        AddsSpecialTokens = true,
    };

    private LoadedModel _model = null!;

    [OneTimeSetUp]
    public void Load() => _model = LoadedModel.Load(RepositoryPaths.DefaultModel);

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    private static SteeringVector Vector { get; } =
        SteeringVector.At(2, NumericArray.Of(Enumerable.Range(0, 192).Select(i => (i % 7) - 3f).ToArray(), 192));

    private static SteeredChatOptions Options { get; } =
        new()
        {
            Format = s_last,
            Vectors = new Dictionary<string, SteeringVector> { ["joy"] = Vector, ["calm"] = Vector },
        };

    [Test]
    public async Task An_answer_is_the_generated_text_with_its_reason_to_end_and_its_tokens()
    {
        using var client = new SteeredChatClient(_model, Options);
        var plain = Generated([], 0);

        var answer = await client.GetResponseAsync(Salmon);

        Assert.That(answer.Text, Is.EqualTo(" fry.").And.EqualTo(plain.Text));
        Assert.That(answer.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
        Assert.That(answer.Usage!.InputTokenCount, Is.EqualTo(plain.Prompt.Length));
        Assert.That(answer.Usage.OutputTokenCount, Is.EqualTo(plain.Tokens.Length));
        Assert.That(answer.Messages.Single().Role, Is.EqualTo(ChatRole.Assistant));
    }

    [Test]
    public async Task Parts_are_the_answer_and_the_last_one_says_how_it_ended()
    {
        using var client = new SteeredChatClient(_model, Options);
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in client.GetStreamingResponseAsync(Salmon, new() { MaxOutputTokens = 2 }))
            updates.Add(update);
        var whole = await client.GetResponseAsync(Salmon, new() { MaxOutputTokens = 2 });

        Assert.That(updates.ToChatResponse().Text, Is.EqualTo(whole.Text).And.Not.Empty);
        Assert.That(updates[^1].FinishReason, Is.EqualTo(ChatFinishReason.Length));
        Assert.That(updates.ToChatResponse().Usage!.OutputTokenCount, Is.EqualTo(2));
        Assert.That(updates.Select(update => update.ResponseId).Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_request_steers_by_a_vectors_name_however_it_is_written()
    {
        using var client = new SteeredChatClient(_model, Options);
        var expected = Generated([Vector], 6).Text;
        using var json = JsonDocument.Parse("""{"joy": 6}""");
        object[] written = [new Dictionary<string, int> { ["joy"] = 6 }, json.RootElement, new { joy = 6f }];

        Assert.That(expected, Is.Not.EqualTo(" fry."), "the vector changes the answer");
        var typed = await client.GetResponseAsync(Salmon, new ChatOptions().Steer("joy", 6).Steer("calm", 0));
        Assert.That(typed.Text, Is.EqualTo(expected));
        foreach (var value in written)
        {
            var options = new ChatOptions { AdditionalProperties = new() { [ChatOptionsSteering.Key] = value } };
            Assert.That((await client.GetResponseAsync(Salmon, options)).Text, Is.EqualTo(expected), $"{value}");
        }

        var both = await client.GetResponseAsync(Salmon, new ChatOptions().Steer("joy", 4).Steer("calm", 2));
        Assert.That(both.Text, Is.EqualTo(Generated([Vector, Vector], 4, 2).Text));
        Assert.That((await client.GetResponseAsync(Salmon)).Text, Is.EqualTo(" fry."), "steering is the request's");
    }

    [Test]
    public async Task Interventions_of_any_kind_steer_with_their_sources()
    {
        using var swap = _model.With(
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 0,
                        Component = "block_output",
                        InterventionType = InterventionType.Vanilla,
                    },
                ],
            }
        );
        var steering = new ChatSteering(swap)
        {
            Sources = [_model.Tokenize("A young elephant is called a")],
            UnitLocations = UnitLocations.SourcesToBase(UnitLocation.At(3, 4)),
        };
        using var always = new SteeredChatClient(_model, new() { Format = s_last, Steering = steering });
        using var once = new SteeredChatClient(_model, Options);

        Assert.That((await always.GetResponseAsync(Salmon)).Text, Is.EqualTo(" chick."));
        Assert.That(
            (await once.GetResponseAsync(Salmon, new ChatOptions().Steer(steering))).Text,
            Is.EqualTo(" chick.")
        );
    }

    [Test]
    public async Task Options_of_a_request_choose_tokens_as_those_of_a_generation()
    {
        using var client = new SteeredChatClient(_model, Options);
        var options = new ChatOptions
        {
            Temperature = 12,
            TopK = 400,
            TopP = 0.75f,
            Seed = 11,
            MaxOutputTokens = 6,
            StopSequences = ["~"],
        };
        var expected = Generated(
            [],
            0,
            new GenerationOptions
            {
                Temperature = 12,
                TopK = 400,
                TopP = 0.75f,
                Seed = 11,
                MaximumNewTokens = 6,
                StopTexts = ["~"],
            }
        );

        Assert.That((await client.GetResponseAsync(Salmon, options)).Text, Is.EqualTo(expected.Text));
        Assert.That(expected.Text, Is.Not.EqualTo(" fry."));
    }

    [Test]
    public void What_cannot_be_done_is_refused_by_its_name()
    {
        using var client = new SteeredChatClient(_model, Options);
        var image = new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]);
        (ChatOptions Options, string What)[] refused =
        [
            (new() { Tools = [new HostedWebSearchTool()] }, "tools"),
            (new() { ResponseFormat = ChatResponseFormat.Json }, "format"),
            (new() { ConversationId = "1" }, "conversation"),
            (new() { PresencePenalty = 1 }, "penalties"),
            (new() { ModelId = "other" }, "'other'"),
        ];

        Assert.That(
            async () => await client.GetResponseAsync([image]),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("DataContent")
        );
        foreach (var (options, what) in refused)
            Assert.That(
                async () => await client.GetResponseAsync(Salmon, options),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains(what)
            );
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_runs()
    {
        using var client = new SteeredChatClient(_model, Options);
        var wide = Options with
        {
            Vectors = new Dictionary<string, SteeringVector>
            {
                ["wide"] = SteeringVector.At(2, NumericArray.Of(new float[7], 7)),
            },
        };
        var steered = new ChatOptions().Steer("sorrow", 1);
        var odd = new ChatOptions { AdditionalProperties = new() { [ChatOptionsSteering.Key] = "joy" } };

        Refused(() => new SteeredChatClient(_model, wide), "7 wide");
        Refused(() => new SteeredChatClient(_model, Options with { Generation = new() { TopP = 0 } }), "Top-p");
        Refused(() => client.GetResponseAsync(Salmon, steered), "'sorrow'; there are 'calm', 'joy'");
        Refused(() => client.GetResponseAsync(Salmon, odd), "is a String");
        Refused(() => client.GetResponseAsync(Salmon, new() { MaxOutputTokens = 0 }), "at least 1");
        Refused(() => client.GetResponseAsync(Salmon, new() { Seed = long.MaxValue }), "beyond 32 bits");
        Refused(() => client.GetResponseAsync([]), "no messages");
        Refused(() => client.GetResponseAsync(string.Concat(Enumerable.Repeat(Salmon, 99))), "at most 128");
        Assert.That(() => new SteeredChatClient(_model), Throws.Exception.With.Message.Contains("no chat template"));
    }

    [Test]
    public async Task The_oldest_turns_are_left_out_only_where_that_is_wanted()
    {
        var format = ChatFormat.Plain;
        var turns = Enumerable.Range(0, 20).Select(turn => new ChatMessage(ChatRole.User, $"{Salmon} {turn}")).ToList();
        turns.Insert(0, new ChatMessage(ChatRole.System, "Be brief."));
        var options = Options with
        {
            Format = format,
            Generation = new() { MaximumNewTokens = 8 },
        };
        using var strict = new SteeredChatClient(_model, options);
        using var client = new SteeredChatClient(_model, options with { DropsOldestTurns = true });

        Refused(() => strict.GetResponseAsync(turns), "oldest turns be left out");
        var answer = await client.GetResponseAsync(turns);
        var dropped = (int)answer.AdditionalProperties![SteeredChatClient.DroppedMessages]!;
        var shorter = await strict.GetResponseAsync([turns[0], .. turns.Skip(1 + dropped)]);

        Assert.That(answer.Text, Is.EqualTo(shorter.Text));
        Assert.That(answer.Usage!.InputTokenCount, Is.EqualTo(shorter.Usage!.InputTokenCount).And.InRange(90, 120));
    }

    [Test]
    public async Task A_cancelled_answer_ends_and_the_next_one_is_whole()
    {
        using var client = new SteeredChatClient(_model, Options);
        using var source = new CancellationTokenSource();
        var parts = 0;

        Assert.That(
            async () =>
            {
                await foreach (var _ in client.GetStreamingResponseAsync(Salmon, null, source.Token))
                {
                    parts++;
                    await source.CancelAsync();
                }
            },
            Throws.InstanceOf<OperationCanceledException>()
        );

        Assert.That(parts, Is.EqualTo(1));
        Assert.That((await client.GetResponseAsync(Salmon)).Text, Is.EqualTo(" fry."));
    }

    [Test]
    public async Task A_model_made_for_conversations_answers_by_its_own_template()
    {
        var large = GoldenModel.Large();
        using var model = LoadedModel.Load(large.Folder);
        using var client = new SteeredChatClient(model, new() { Generation = new() { MaximumNewTokens = 12 } });
        var prompt = ChatTemplate
            .Read(large.Folder)
            .Render([new("system", "Be brief."), new("user", "What is the capital of France?")]);
        using var plain = model.With(new IntervenableConfig { Representations = [] });
        var expected = plain
            .PlanGeneration(
                [model.Tokenizer.Encode(prompt, addSpecialTokens: false).Ids],
                new() { MaximumNewTokens = 12 }
            )
            .Run()[0];

        var answer = await client.GetResponseAsync(
            "What is the capital of France?",
            new ChatOptions { Instructions = "Be brief." }
        );

        Assert.That(answer.Text, Is.EqualTo(expected.Text).And.Contain("Paris"));
        ChatMessage[] more =
        [
            new(ChatRole.System, "Be brief."),
            new(ChatRole.User, "What is the capital of France?"),
            .. answer.Messages,
            new(ChatRole.User, "And of Italy?"),
        ];
        using var fresh = new SteeredChatClient(model, new() { Generation = new() { MaximumNewTokens = 12 } });
        var (next, again) = (await client.GetResponseAsync(more), await fresh.GetResponseAsync(more));
        Assert.That(next.Text, Is.EqualTo(again.Text).And.Contain("Rome"));
        Assert.That(
            (next.Usage!.CachedInputTokenCount, again.Usage!.CachedInputTokenCount),
            Is.EqualTo((answer.Usage!.TotalTokenCount - 1, 0))
        );
        Assert.That(client.GetService(typeof(ChatClientMetadata)), Is.Not.Null);
    }

    private static void Refused(Func<object> request, string message) =>
        Assert.That(
            async () =>
            {
                if (request() is Task task)
                    await task;
            },
            Throws.TypeOf<IR.InterventionException>().With.Message.Contains(message)
        );

    private GeneratedText Generated(ImmutableArray<SteeringVector> vectors, params ReadOnlySpan<float> coefficients) =>
        Generated(vectors, coefficients, new GenerationOptions());

    private GeneratedText Generated(
        ImmutableArray<SteeringVector> vectors,
        float coefficient,
        GenerationOptions options
    ) => Generated(vectors, [coefficient], options);

    private GeneratedText Generated(
        ImmutableArray<SteeringVector> vectors,
        ReadOnlySpan<float> coefficients,
        GenerationOptions options
    )
    {
        using var model = _model.With(
            new IntervenableConfig { Representations = [.. vectors.SelectMany(vector => vector.Representations)] }
        );
        var settings = new RunSettings
        {
            Coefficients = vectors.IsEmpty ? [] : [.. coefficients.ToArray().Select(Coefficient.Of)],
        };
        return model.Generate([Salmon], options, settings: settings)[0];
    }
}
