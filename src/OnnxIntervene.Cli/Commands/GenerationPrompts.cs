using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The texts that are gone on with.</summary>
internal sealed class GenerationPrompts
{
    private readonly Option<string[]> _texts = new("--prompt")
    {
        Description = "A text to go on with; can be given several times.",
    };
    private readonly Option<string[]> _ids = new("--prompt-ids")
    {
        Description = "The same as token ids, in place of texts: 1,2,3. Needs no tokenizer.",
    };
    private readonly Option<string?> _file = new("--prompts") { Description = "A file of texts, one a line." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _texts, _ids, _file })
            command.Add(option);
        command.Validators.Add(result =>
        {
            var given = new Option[] { _texts, _ids, _file }
                .Where(option => EitherOptions.IsGiven(result, option))
                .ToList();
            if (given.Count != 1)
                result.AddError(
                    $"Give one of {_texts.Name}, {_ids.Name} and {_file.Name}"
                        + $"{(given.Count > 1 ? ", not several" : "")}."
                );
        });
    }

    /// <summary>The tokens of each prompt, special ones included.</summary>
    /// <exception cref="InterventionException">A prompt has no tokens.</exception>
    public ImmutableArray<ImmutableArray<int>> Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetValue(_ids) is { Length: > 0 } ids)
            return [.. ids.Select(item => TokenIds.Parse(item, _ids.Name).ToImmutableArray())];
        IEnumerable<string> texts = arguments.GetValue(_file) is { } file
            ? InputFile.ReadTexts(file)
            : arguments.GetValue(_texts)!;
        ImmutableArray<ImmutableArray<int>> prompts = [.. texts.Select(text => model.Tokenizer.Encode(text).Ids)];
        return prompts.IsEmpty ? throw new InterventionException("There is no prompt.") : prompts;
    }
}
