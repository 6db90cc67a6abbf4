using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>An answer that an experiment measures: one token, as text or as its id.</summary>
internal sealed class AnswerOptions
{
    private readonly Option<string?> _text;
    private readonly Option<int?> _id;

    public AnswerOptions(string name, string description)
    {
        _text = new($"--{name}") { Description = description };
        _id = new($"--{name}-id") { Description = "The same as a token id. Needs no tokenizer." };
        _id.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
    }

    public void AddTo(Command command, Option? instead = null) => EitherOptions.AddTo(command, _text, _id, instead);

    /// <summary>Adds the options to a command that needs neither.</summary>
    public void AddOptionalTo(Command command)
    {
        command.Add(_text);
        command.Add(_id);
    }

    /// <summary>Whether an answer is given.</summary>
    public bool IsGiven(ParseResult arguments) =>
        arguments.GetValue(_text) is not null || arguments.GetValue(_id) is not null;

    public AnswerToken Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetValue(_text) is { } text)
            return new AnswerToken(PromptText.Answer(text, model.Tokenizer), text);
        var id = arguments.GetValue(_id)!.Value;
        return new AnswerToken(id, model.HasTokenizer ? model.TokenText(id) : $" {id}");
    }
}

/// <summary>An answer's token.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Text">Its text, or a space and its number where the model has no tokenizer.</param>
internal sealed record AnswerToken(int Id, string Text);
