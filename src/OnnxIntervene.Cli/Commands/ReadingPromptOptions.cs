using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The prompts of a study that reads: one, or a file of many, with the answers that are measured.</summary>
internal sealed class ReadingPromptOptions
{
    private readonly Option<string?> _text = new("--prompt") { Description = "The text." };
    private readonly Option<string?> _ids = new("--prompt-ids")
    {
        Description = "The same as token ids, in place of a text: 1,2,3. Needs no tokenizer.",
    };
    private readonly Option<string?> _file = new("--prompts")
    {
        Description =
            "A file of prompts, JSON Lines: {\"prompt\": TEXT, \"answer\": TOKEN, \"wrong\": TOKEN, \"label\": CLASS, "
            + "\"positions\": {NAME: POSITION}} on each line.",
    };
    private readonly Option<string?> _answer = new("--answer")
    {
        Description = "The token that should follow, with the space before it.",
    };
    private readonly Option<int?> _answerId = new("--answer-id") { Description = "The same as a token id." };
    private readonly Option<string?> _wrong = new("--wrong")
    {
        Description = "A token that should not follow; the two answers' logits are compared.",
    };
    private readonly Option<int?> _wrongId = new("--wrong-id") { Description = "The same as a token id." };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasAnswers">Whether it measures answers.</param>
    /// <param name="others">Options that give prompts in another way.</param>
    public void AddTo(Command command, bool hasAnswers, params Option[] others)
    {
        Option[] ways = [_text, _ids, _file, .. others];
        foreach (var option in new Option[] { _text, _ids, _file })
            command.Add(option);
        command.Validators.Add(result => RequireOne(result, ways));
        if (!hasAnswers)
            return;
        foreach (var option in new Option[] { _answer, _answerId, _wrong, _wrongId })
            command.Add(option);
        command.Validators.Add(CheckAnswers);
        foreach (var id in new[] { _answerId, _wrongId })
            id.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
    }

    /// <summary>The prompts.</summary>
    /// <exception cref="InterventionException">A prompt or an answer cannot be read.</exception>
    public ImmutableArray<StudyPrompt> Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetValue(_file) is { } file)
            return StudyPromptFile.Read(file, model);
        var text = arguments.GetValue(_text) is { } given
            ? PromptText.Of(given, model.Tokenizer)
            : PromptText.OfIds(
                TokenIds.Parse(arguments.GetValue(_ids)!, _ids.Name),
                model.HasTokenizer ? model.TokenText : null
            );
        if (text.Ids.IsEmpty)
            throw new InterventionException("The prompt has no tokens.");
        return
        [
            StudyPrompt.Of(text) with
            {
                Answer = Token(arguments, model, _answer, _answerId),
                Wrong = Token(arguments, model, _wrong, _wrongId),
            },
        ];
    }

    private static int? Token(ParseResult arguments, LoadedModel model, Option<string?> text, Option<int?> id) =>
        arguments.GetResult(text) is not null ? PromptText.Answer(arguments.GetValue(text)!, model.Tokenizer)
        : arguments.GetResult(id) is not null ? arguments.GetValue(id)
        : null;

    private static void RequireOne(CommandResult result, Option[] ways)
    {
        var count = ways.Count(way => EitherOptions.IsGiven(result, way));
        if (count != 1)
            result.AddError(
                $"Give one of {string.Join(", ", ways.Select(way => way.Name))}{(count > 1 ? ", not several" : "")}."
            );
    }

    private void CheckAnswers(CommandResult result)
    {
        foreach (var (text, id) in new (Option, Option)[] { (_answer, _answerId), (_wrong, _wrongId) })
        {
            if (EitherOptions.IsGiven(result, text) && EitherOptions.IsGiven(result, id))
                result.AddError($"Give {text.Name} or {id.Name}, not both.");
            if (
                EitherOptions.IsGiven(result, _file)
                && (EitherOptions.IsGiven(result, text) || EitherOptions.IsGiven(result, id))
            )
                result.AddError(
                    $"{text.Name} goes with one prompt; with {_file.Name}, each line of the file has its own."
                );
        }

        if (
            (EitherOptions.IsGiven(result, _wrong) || EitherOptions.IsGiven(result, _wrongId))
            && !(EitherOptions.IsGiven(result, _answer) || EitherOptions.IsGiven(result, _answerId))
        )
            result.AddError($"{_wrong.Name} needs {_answer.Name}, which it is compared with.");
    }
}
