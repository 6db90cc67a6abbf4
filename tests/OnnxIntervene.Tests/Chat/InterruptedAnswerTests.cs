using Microsoft.Extensions.AI;
using OnnxIntervene.Chat;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Templates;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Chat;

/// <summary>However an answer is left, the same client's next ones are those of a fresh client.</summary>
public sealed class InterruptedAnswerTests
{
    private static readonly ChatMessage s_salmon = new(ChatRole.User, "A young salmon is called a");
    private static readonly ChatMessage s_needle = new(ChatRole.User, "The Space Needle is located in the city of");
    private static readonly SteeredChatOptions s_options = new()
    {
        Format = new ChatFormat(ChatTemplate.Parse("{% for m in messages %}{{ m.content }}{% endfor %}"))
        {
            AddsSpecialTokens = true,
        },
        Generation = new GenerationOptions { MaximumNewTokens = 24, IgnoresEndOfText = true },
    };

    // One whose conversations are kept in its cache, and one that reads everything again.
    public static IEnumerable<string> Models()
    {
        yield return RepositoryPaths.DefaultModel;
        if (RepositoryPaths.LargeModel is { } large)
            yield return Path.Combine(large, "smollm2-135m-int4-genai");
    }

    [TestCaseSource(nameof(Models))]
    public async Task A_client_goes_on_after_every_way_to_leave_an_answer(string path)
    {
        using var model = LoadedModel.Load(path);
        using var client = new SteeredChatClient(model, s_options);
        var expected = await TalkAsync(new SteeredChatClient(model, s_options));
        Assert.That(await TalkAsync(client), Is.EqualTo(expected));

        await CancelAfterAsync(client, parts: 0);
        Assert.That(await TalkAsync(client), Is.EqualTo(expected), "cancelled before the first token");
        await CancelAfterAsync(client, parts: 3);
        Assert.That(await TalkAsync(client), Is.EqualTo(expected), "cancelled between tokens");
        await foreach (var _ in client.GetStreamingResponseAsync([s_needle]))
            break;
        Assert.That(await TalkAsync(client), Is.EqualTo(expected), "left after the first part");
    }

    [TestCaseSource(nameof(Models))]
    public async Task Two_answers_read_in_turn_are_those_of_each_alone(string path)
    {
        using var model = LoadedModel.Load(path);
        using var client = new SteeredChatClient(model, s_options);
        var (one, other) = (
            (await client.GetResponseAsync([s_salmon])).Text,
            (await client.GetResponseAsync([s_needle])).Text
        );
        await using var first = client.GetStreamingResponseAsync([s_salmon]).GetAsyncEnumerator();
        await using var second = client.GetStreamingResponseAsync([s_needle]).GetAsyncEnumerator();
        var (salmon, needle) = ("", "");

        for (var (goes, also) = (true, true); goes || also; )
        {
            goes = goes && await first.MoveNextAsync();
            salmon += goes ? first.Current.Text : "";
            also = also && await second.MoveNextAsync();
            needle += also ? second.Current.Text : "";
        }

        Assert.That((salmon, needle), Is.EqualTo((one, other)));
        var both = await Task.WhenAll(client.GetResponseAsync([s_salmon]), client.GetResponseAsync([s_needle]));
        Assert.That(both.Select(answer => answer.Text), Is.EqualTo(new[] { one, other }));
    }

    [Test]
    public async Task An_answer_that_has_begun_ends_although_its_client_is_disposed()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var client = new SteeredChatClient(model, s_options);
        var expected = (await client.GetResponseAsync([s_salmon])).Text;
        var text = "";

        await foreach (var update in client.GetStreamingResponseAsync([s_salmon]))
        {
            text += update.Text;
            client.Dispose();
        }

        Assert.That(text, Is.EqualTo(expected));
    }

    // A question, and another one after its answer.
    private static async Task<(string, string)> TalkAsync(SteeredChatClient client)
    {
        var first = await client.GetResponseAsync([s_salmon]);
        var second = await client.GetResponseAsync([s_salmon, .. first.Messages, s_needle]);
        return (first.Text, second.Text);
    }

    private static async Task CancelAfterAsync(SteeredChatClient client, int parts)
    {
        using var cancellation = new CancellationTokenSource();
        if (parts == 0)
            await cancellation.CancelAsync();
        var given = 0;
        Assert.That(
            async () =>
            {
                await foreach (
                    var _ in client.GetStreamingResponseAsync([s_needle], cancellationToken: cancellation.Token)
                )
                {
                    if (++given == parts)
                        await cancellation.CancelAsync();
                }
            },
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(given, Is.EqualTo(parts));
    }
}
