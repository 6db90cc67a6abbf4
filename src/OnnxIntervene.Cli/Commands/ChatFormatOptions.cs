using System.CommandLine;
using OnnxIntervene.Chat;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Templates;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How a conversation is written for the model.</summary>
internal sealed class ChatFormatOptions
{
    private readonly Option<string?> _template = new("--template")
    {
        Description = "A file with a chat template (Jinja), in place of the one beside the model.",
    };
    private readonly Option<bool> _plain = new("--plain")
    {
        Description = "Write messages as lines, \"User: …\" and \"Assistant: …\", for a model without a template.",
    };

    public void AddTo(Command command)
    {
        command.Add(_template);
        command.Add(_plain);
        command.Validators.Add(result =>
        {
            if (EitherOptions.IsGiven(result, _template) && result.GetValue(_plain))
                result.AddError($"Give {_template.Name} or {_plain.Name}, not both.");
        });
    }

    /// <summary>The format.</summary>
    /// <exception cref="InterventionException">The model has no template, and none is given.</exception>
    /// <exception cref="ModelFormatException">A template is not understood.</exception>
    public ChatFormat Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetValue(_template) is { } path)
            return ChatFormat.ReadFile(path, model);
        if (arguments.GetValue(_plain))
            return ChatFormat.Plain;
        return ChatTemplate.ExistsIn(model.File.Folder)
            ? ChatFormat.Of(model)
            : throw new InterventionException(
                $"There is no chat template beside '{model.File.Path}' (chat_template.jinja, or chat_template in "
                    + "tokenizer_config.json); the model may not be made for conversations. Give one with "
                    + $"{_template.Name} FILE, or {_plain.Name} for lines of \"User: …\" and \"Assistant: …\"."
            );
    }
}
