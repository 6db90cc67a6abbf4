using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The prompts of a trace: one with its subject on the command line, or any number in a file.</summary>
internal sealed class TracePromptOptions
{
    private readonly Option<string?> _file = new("--prompts")
    {
        Description =
            "A file of prompts, a JSON object a line: {\"prompt\": …, \"subject\": …, \"answer\": …}, with \"corrupt\" for "
            + "--counterfactual.",
    };
    private readonly PromptOptions _prompt = new("prompt", "The text, up to where the answer follows.");
    private readonly Option<string?> _subject = new("--subject")
    {
        Description = "The part of the prompt that gets the noise.",
    };
    private readonly Option<string?> _positions = new("--subject-positions")
    {
        Description = "The positions that get the noise, counted from 0, in place of a subject: 1-3 or 1,2.",
    };
    private readonly AnswerOptions _answer = new("answer", "The token that should follow, with the space before it.");

    public void AddTo(Command command)
    {
        command.Add(_file);
        _prompt.AddTo(command, _file);
        EitherOptions.AddTo(command, _subject, _positions, _file);
        _answer.AddTo(command, _file);
    }

    public ImmutableArray<StudyPrompt> Read(ParseResult arguments, LoadedModel model) =>
        arguments.GetValue(_file) is { } path ? StudyPromptFile.Read(path, model) : [Only(arguments, model)];

    private StudyPrompt Only(ParseResult arguments, LoadedModel model)
    {
        var prompt = _prompt.Read(arguments, model);
        var subject = arguments.GetValue(_subject) is { } text
            ? prompt.PositionsOf(text)
            : NumberRanges.Parse(arguments.GetValue(_positions), _positions.Name);
        prompt.RequirePositions(subject);
        var positions = StudyPrompt.Of(prompt).Positions.SetItem(StudyPromptFile.Subject, subject);
        return StudyPrompt.Of(prompt) with { Answer = _answer.Read(arguments, model).Id, Positions = positions };
    }
}
