using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Templates;

namespace OnnxIntervene.Chat;

/// <summary>How a conversation is written as the text that a model goes on with.</summary>
/// <param name="Template">The template that writes it.</param>
public sealed record ChatFormat(ChatTemplate Template)
{
    private const string PlainTemplate = """
        {%- for message in messages -%}
        {{ message.role | capitalize }}: {{ message.content | trim }}{{ '\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt %}Assistant:{% endif -%}
        """;

    /// <summary>
    /// A line for each message, "User: …" and "Assistant: …", for models without a template of their own. The next
    /// "User:" ends an answer.
    /// </summary>
    public static ChatFormat Plain { get; } =
        new(ChatTemplate.Parse(PlainTemplate)) { AddsSpecialTokens = true, StopTexts = ["\nUser:", "\nSystem:"] };

    /// <summary>
    /// Whether the tokenizer puts its special tokens around the text. Most templates write them themselves.
    /// </summary>
    public bool AddsSpecialTokens { get; init; }

    /// <summary>Texts that end an answer, where the model's tokenizer can write them.</summary>
    public ImmutableArray<string> StopTexts { get; init; } = [];

    /// <summary>Variables of the template, and what it takes for now.</summary>
    public TemplateOptions Options { get; init; } = new();

    /// <summary>The format that the files beside a model say.</summary>
    /// <exception cref="IR.ModelFormatException">There is no chat template, or one that is not understood.</exception>
    public static ChatFormat Of(LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new ChatFormat(ChatTemplate.Read(model.File.Folder));
    }

    /// <summary>The format of a template's file, with a model's special tokens.</summary>
    /// <exception cref="IR.ModelFormatException">The template is not understood.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ChatFormat ReadFile(string path, LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new ChatFormat(ChatTemplate.ReadFile(path, model.File.Folder));
    }
}
