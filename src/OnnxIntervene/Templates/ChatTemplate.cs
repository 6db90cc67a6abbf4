using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Templates.Evaluation;
using OnnxIntervene.Templates.Syntax;

namespace OnnxIntervene.Templates;

/// <summary>
/// Writes a conversation as the text that a model was trained on, by the Jinja template in its tokenizer's files
/// (<c>chat_template.jinja</c>, or <c>chat_template</c> in <c>tokenizer_config.json</c>), as Hugging Face's
/// transformers does. A template reaches nothing but the messages, and is limited in steps, depth and memory.
/// Immutable.
/// </summary>
public sealed class ChatTemplate
{
    private readonly ImmutableArray<Statement> _body;
    private readonly ImmutableArray<(string Name, object? Value)> _tokens;
    private readonly string _name;

    internal ChatTemplate(TemplateSource source, ImmutableArray<(string Name, object? Value)> tokens)
    {
        (Source, _name, _tokens) = (source.Text, source.Name, tokens);
        _body = StatementParser.Read(source);
    }

    /// <summary>The template as it is written.</summary>
    public string Source { get; }

    /// <summary>Whether a folder holds a chat template.</summary>
    /// <exception cref="ModelFormatException">Its files are not well formed.</exception>
    public static bool ExistsIn(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return TemplateFiles.Find(folder).Count > 0;
    }

    /// <summary>Reads the chat template of a folder.</summary>
    /// <param name="folder">The folder of the tokenizer's files.</param>
    /// <param name="name">The template where there are several; else "default", or the only one.</param>
    /// <exception cref="ModelFormatException">
    /// There is none, none of this name, or one that is not understood; the message names the line.
    /// </exception>
    public static ChatTemplate Read(string folder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var found = TemplateFiles.Find(folder);
        if (found.Count == 0)
            throw new ModelFormatException(
                $"'{folder}' holds no chat template (chat_template.jinja, or chat_template in tokenizer_config.json). "
                    + "The model may not be made for conversations; give it a text to go on with."
            );
        var wanted = name ?? (found.Count == 1 ? found.Keys.First() : TemplateFiles.Usual);
        return found.TryGetValue(wanted, out var source)
            ? new ChatTemplate(source, TemplateFiles.Tokens(folder))
            : throw new ModelFormatException(
                $"'{folder}' has no chat template named '{wanted}'; its templates are {string.Join(", ", found.Keys)}."
            );
    }

    /// <summary>Reads the template of a file, in place of the one beside a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">The folder of the tokenizer's files, which name the special tokens.</param>
    /// <exception cref="ModelFormatException">It is not understood; the message names the line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ChatTemplate ReadFile(string path, string folder)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(folder);
        return new ChatTemplate(TemplateFiles.ReadFile(path), TemplateFiles.Tokens(folder));
    }

    /// <summary>Reads a template from a text; its special tokens are those of the options' variables.</summary>
    /// <exception cref="ModelFormatException">It is not understood; the message names the line.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new ChatTemplate(new TemplateSource("The chat template", source), []);
    }

    /// <summary>The text of a conversation, special tokens written out: encode it without adding others.</summary>
    /// <param name="messages">What was said, from the first to the last.</param>
    /// <param name="options">How it is rendered; with a beginning for the assistant's answer by default.</param>
    /// <exception cref="InterventionException">
    /// The template refuses the messages, asks for what they do not have, or takes too much time or memory.
    /// </exception>
    public string Render(IReadOnlyList<TemplateMessage> messages, TemplateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= new TemplateOptions();
        var budget = new Budget(_name, messages.Count, messages.Sum(message => (long)message.Content.Length));
        var scope = new Scope(Globals.Create(options.Now ?? DateTime.Now));
        foreach (var (name, value) in _tokens)
            scope.Set(name, value);
        scope.Set("messages", JsonValues.Of(messages));
        scope.Set("tools", options.Tools is { } tools ? JsonValues.Of(tools) : null);
        scope.Set("documents", null);
        scope.Set("add_generation_prompt", options.AddGenerationPrompt);
        foreach (var (name, value) in options.Variables ?? [])
            scope.Set(name, JsonValues.Of(value));
        try
        {
            return new Renderer(budget).Render(_body, scope);
        }
        catch (InsufficientExecutionStackException)
        {
            throw budget.NestingFault(budget.Line);
        }
    }
}
