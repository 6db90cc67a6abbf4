using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The pairs of prompts of a study: one on the command line, or any number in a file.</summary>
internal sealed class StudyPromptOptions
{
    private readonly Option<string?> _file = new("--prompts")
    {
        Description =
            "A file of prompts, a JSON object a line: {\"clean\": …, \"corrupt\": …, \"answer\": …, \"wrong\": …, "
            + "\"positions\": {\"subject\": \"young salmon\", \"end\": -1}}.",
    };
    private readonly PromptOptions _clean = new("clean", "The prompt whose answer is right.");
    private readonly PromptOptions _corrupt = new(
        "corrupt",
        "The counterfactual prompt. It must have as many tokens as the clean one."
    );
    private readonly AnswerOptions _answer = new("answer", "The clean prompt's answer, one token.");
    private readonly AnswerOptions _wrong = new("wrong", "The corrupt prompt's answer, one token.");
    private readonly bool _hasCorrupt;

    /// <param name="hasCorrupt">Whether the study needs a corrupt prompt and a wrong answer.</param>
    public StudyPromptOptions(bool hasCorrupt = true) => _hasCorrupt = hasCorrupt;

    public void AddTo(Command command)
    {
        command.Add(_file);
        _clean.AddTo(command, _file);
        if (_hasCorrupt)
            _corrupt.AddTo(command, _file);
        _answer.AddTo(command, _file);
        if (_hasCorrupt)
            _wrong.AddTo(command, _file);
        else
            _wrong.AddOptionalTo(command);
    }

    public ImmutableArray<StudyPrompt> Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetValue(_file) is { } path)
            return StudyPromptFile.Read(path, model);
        var clean = _clean.Read(arguments, model);
        var corrupt = _hasCorrupt ? _corrupt.Read(arguments, model) : null;
        if (corrupt is not null)
            PromptText.RequireEqualLength(clean, corrupt);
        return
        [
            StudyPrompt.Of(clean, corrupt) with
            {
                Answer = _answer.Read(arguments, model).Id,
                Wrong = _wrong.IsGiven(arguments) ? _wrong.Read(arguments, model).Id : null,
            },
        ];
    }
}
