using System.Text.Json.Nodes;
using OnnxIntervene.IR;
using OnnxIntervene.Templates;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Templates;

/// <summary>Templates in the manner of model families against what Jinja itself makes of them.</summary>
public sealed class ChatTemplateTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.OwnReferences, "templates");
    private static readonly DateTime s_now = new(2024, 7, 4, 15, 6, 7);
    private static readonly JsonObject s_conversations = (JsonObject)Json("conversations.json");

    public static IEnumerable<TestCaseData> Rendered() =>
        ((JsonArray)Json("rendered.json")).Select(row =>
            new TestCaseData(row!.ToJsonString()).SetArgDisplayNames($"{row["template"]} {row["conversation"]}")
        );

    [TestCaseSource(nameof(Rendered))]
    public void A_conversation_is_rendered_or_refused_as_by_Jinja(string expected)
    {
        var row = JsonNode.Parse(expected)!;
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(s_folder, (string)row["template"]!), folder.File("chat_template.jinja"));
        File.WriteAllText(
            folder.File("tokenizer_config.json"),
            """{"bos_token": {"content": "<s>"}, "eos_token": "</s>", "chat_template": "not this one"}"""
        );
        var (messages, options) = Conversation((string)row["conversation"]!);
        var template = ChatTemplate.Read(folder.Path);

        if (row["text"] is { } text)
            Assert.That(template.Render(messages, options), Is.EqualTo((string)text!));
        else
            Assert.That(
                () => template.Render(messages, options),
                Throws.TypeOf<InterventionException>().With.Message.Contains((string?)row["refused"] ?? "line ")
            );
    }

    [Test]
    public void The_templates_of_a_configuration_are_read_by_their_names()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("tokenizer_config.json"),
            """
            {"chat_template": [{"name": "default", "template": "{{ messages[0].content }}"},
            {"name": "rag", "template": "rag {{ eos_token is defined }}"}]}
            """
        );

        Assert.That(ChatTemplate.ExistsIn(folder.Path));
        Assert.That(ChatTemplate.Read(folder.Path).Render([new("user", "hi")]), Is.EqualTo("hi"));
        Assert.That(ChatTemplate.Read(folder.Path, "rag").Render([]), Is.EqualTo("rag False"));
        Assert.That(
            () => ChatTemplate.Read(folder.Path, "tools"),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("'tools'").And.Message.Contains("default, rag")
        );
    }

    [Test]
    public void A_folder_without_a_template_says_what_was_looked_for()
    {
        using var folder = new TemporaryFolder();

        Assert.That(ChatTemplate.ExistsIn(folder.Path), Is.False);
        Assert.That(
            () => ChatTemplate.Read(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("chat_template.jinja")
        );
    }

    [TestCase("a\n{% include 'x' %}", "line 2: the statement 'include' is not known")]
    [TestCase("{{ x | shout }}", "line 1: the filter 'shout' is not known")]
    [TestCase("{{ x is shiny }}", "line 1: the test 'shiny' is not known")]
    [TestCase("\n\n{% if x %}", "line 3: the template ends where 'endif' is expected")]
    [TestCase("{{ 'a", "line 1: a text is not closed")]
    [TestCase("{{ 1 +", "line 1: a tag is not closed by '}}'")]
    [TestCase("{{ ) }}", "line 1: ')' closes nothing")]
    [TestCase("{% for x in y recursive %}{% endfor %}", "line 1: a loop that calls itself")]
    [TestCase("{% break %}", "line 1: 'break' stands outside of a loop")]
    [TestCase("{{ f(*x) }}", "line 1: '*' before an argument")]
    [TestCase("{# a", "line 1: a comment is not closed")]
    [TestCase("{{ x ? y }}", "line 1: '?' is not understood")]
    public void What_is_not_understood_is_named_with_its_line(string template, string message) =>
        Assert.That(
            () => ChatTemplate.Parse(template),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );

    [TestCase("{{ 'a'.shout() }}", "line 1: the function or method 'shout' is not known")]
    [TestCase("\n{{ open('x') }}", "line 2: the function or method 'open' is not known")]
    [TestCase("{{ messages.__class__.x }}", "line 1: '__class__' is not there")]
    [TestCase("{{ messages[5].role }}", "line 1: 'item 5' is not there")]
    [TestCase("{{ 1 + 'a' }}", "'+' does not take a whole number and a text")]
    [TestCase("{{ 9223372036854775807 + 1 }}", "beyond 64 bits")]
    [TestCase("{{ 1 // 0 }}", "a division by zero")]
    [TestCase("{% set x.y = 1 %}", "'x' is no namespace")]
    [TestCase("{{ strftime_now('%Q') }}", "the format '%Q' of a date is not understood")]
    public void What_cannot_be_rendered_is_named_with_its_line(string template, string message) =>
        Assert.That(
            () => ChatTemplate.Parse(template).Render([new("user", "hi")]),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    private static (TemplateMessage[] Messages, TemplateOptions Options) Conversation(string name)
    {
        var given = (JsonObject)s_conversations[name]!.DeepClone();
        TemplateMessage[] messages =
        [
            .. given["messages"]!
                .AsArray()
                .Select(message => new TemplateMessage((string)message!["role"]!, "") { Fields = (JsonObject)message }),
        ];
        var options = new TemplateOptions
        {
            AddGenerationPrompt = (bool)given["add_generation_prompt"]!,
            Tools = (JsonArray?)given["tools"],
            Now = s_now,
        };
        foreach (var used in new[] { "messages", "add_generation_prompt", "tools" })
            given.Remove(used);
        return (messages, options with { Variables = given });
    }

    private static JsonNode Json(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(s_folder, file)))!;
}
