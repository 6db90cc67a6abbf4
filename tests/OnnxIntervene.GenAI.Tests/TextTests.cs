using System.Text.Json.Nodes;
using OnnxIntervene.Templates;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>Tokens, texts and conversations are onnxruntime-genai's.</summary>
public sealed class TextTests
{
    private static readonly string[] s_texts =
    [
        "The Eiffel Tower is in the city of",
        "  two spaces, a tab\tand a line\nbreak\n\n",
        "It's 12345.67 percent; don't!",
        "naïve café, Straße, Ελλάδα, Москва, 東京, עברית",
        "emoji 👩‍👩‍👧 and 🇫🇷",
        "def f(x):\n    return x ** 2  # squared",
        "<|im_start|>user\nHello<|im_end|>\n",
    ];

    private static readonly (string Role, string Content)[][] s_conversations =
    [
        [("user", "What is the capital of France?")],
        [("system", "You answer in one word."), ("user", "What is the capital of France?")],
        [("user", "Hello"), ("assistant", "Hello! How can I help?"), ("user", "Say \"naïve\" twice.\nThen stop.")],
    ];

    [Test]
    public void Tokens_and_texts_are_genais()
    {
        using var judge = new GenAIModel(GoldenModel.Large().Folder);
        var tokenizer = Tokenizer.Load(GoldenModel.Large().Folder);
        using var assertions = Assert.EnterMultipleScope();
        foreach (var text in s_texts)
        {
            var tokens = judge.Encode(text);
            Assert.That(tokenizer.Encode(text).Ids, Is.EqualTo(tokens), text);
            Assert.That(tokenizer.Decode(tokens, skipSpecialTokens: true), Is.EqualTo(judge.Decode(tokens)), text);
        }
    }

    [Test]
    public void Conversations_are_written_as_genai_writes_them()
    {
        using var judge = new GenAIModel(GoldenModel.Large().Folder);
        var template = ChatTemplate.Read(GoldenModel.Large().Folder);
        using var assertions = Assert.EnterMultipleScope();
        foreach (var conversation in s_conversations)
        {
            var messages = new JsonArray([
                .. conversation.Select(message => new JsonObject
                {
                    ["role"] = message.Role,
                    ["content"] = message.Content,
                }),
            ]);
            Assert.That(
                template.Render([
                    .. conversation.Select(message => new TemplateMessage(message.Role, message.Content)),
                ]),
                Is.EqualTo(judge.ApplyChatTemplate(messages.ToJsonString()))
            );
        }
    }
}
