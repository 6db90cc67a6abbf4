using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>A list of words, on the command line or in a file.</summary>
internal sealed class WordOptions
{
    private readonly Option<string?> _words;
    private readonly Option<string?> _file = new("--words-file")
    {
        Description = "A file of words and phrases, one a line, in place of --words.",
    };

    /// <param name="description">What the words are for.</param>
    public WordOptions(string description) => _words = new("--words") { Description = description };

    /// <summary>Both options, of which one may be given.</summary>
    public ImmutableArray<Option> All => [_words, _file];

    public void AddTo(Command command)
    {
        command.Add(_words);
        command.Add(_file);
        command.Validators.Add(result =>
        {
            if (All.All(option => EitherOptions.IsGiven(result, option)))
                result.AddError($"Give {_words.Name} or {_file.Name}, not both.");
        });
    }

    /// <summary>Whether words are given.</summary>
    public bool IsGiven(CommandResult result) => All.Any(option => EitherOptions.IsGiven(result, option));

    /// <summary>The words and phrases; none where no option is given.</summary>
    /// <exception cref="InterventionException">A word is empty, or a file has none.</exception>
    /// <exception cref="ModelFormatException">The file is not text.</exception>
    public ImmutableArray<string> Read(ParseResult arguments)
    {
        if (arguments.GetValue(_words) is { } words)
            return Split(words);
        if (arguments.GetValue(_file) is not { } file)
            return [];
        ImmutableArray<string> lines = [.. InputFile.ReadTexts(file).Select(line => line.Trim())];
        return lines.IsEmpty
            ? throw new InterventionException($"{_file.Name}: '{file}' holds no word; write one a line.")
            : lines;
    }

    private ImmutableArray<string> Split(string words)
    {
        var parts = words.Split(',', StringSplitOptions.TrimEntries);
        return parts.Contains("")
            ? throw new InterventionException(
                $"{_words.Name}: word {Array.IndexOf(parts, "") + 1} of '{words}' is empty. Write joy,happy."
            )
            : [.. parts];
    }
}
