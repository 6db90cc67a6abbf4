using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>A prompt of an experiment, as text or as token ids.</summary>
internal sealed class PromptOptions(string name, string description)
{
    private readonly Option<string?> _text = new($"--{name}") { Description = description };
    private readonly Option<string?> _ids = new($"--{name}-ids")
    {
        Description = $"The same as token ids, in place of a text: 1,2,3. Needs no tokenizer.",
    };

    public void AddTo(Command command, Option? instead = null) => EitherOptions.AddTo(command, _text, _ids, instead);

    public PromptText Read(ParseResult arguments, LoadedModel model) =>
        arguments.GetValue(_text) is { } text
            ? PromptText.Of(text, model.Tokenizer)
            : PromptText.OfIds(
                TokenIds.Parse(arguments.GetValue(_ids)!, _ids.Name),
                model.HasTokenizer ? model.TokenText : null
            );
}
