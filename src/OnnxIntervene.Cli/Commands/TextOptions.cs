using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Inputs as text or as token ids.</summary>
internal sealed class TextOptions
{
    private readonly Option<string?> _base = new("--base") { Description = "The text to run on." };
    private readonly Option<string?> _baseIds = new("--base-ids") { Description = "Token ids to run on, in place of a text: 1,2,3." };
    private readonly Option<string[]> _sources = new("--source") { Description = "A source's text; one for all interventions, or one each." };
    private readonly Option<string[]> _sourceIds = new("--source-ids") { Description = "A source's token ids, in place of a text." };
    private readonly Option<bool> _plain = new("--no-special-tokens") { Description = "Do not put the special tokens around texts that the model expects." };

    public void AddTo(Command command, bool sources)
    {
        command.Add(_base);
        command.Add(_baseIds);
        if (sources)
        {
            command.Add(_sources);
            command.Add(_sourceIds);
        }

        command.Add(_plain);
    }

    /// <summary>The base's token ids.</summary>
    public IReadOnlyList<int> Base(ParseResult arguments, IntervenableModel model) => (arguments.GetValue(_base), arguments.GetValue(_baseIds)) switch
    {
        (null, null) => throw new InterventionException("Give --base TEXT, or --base-ids 1,2,3."),
        ({ } text, null) => Encode(text, arguments, model),
        (null, { } ids) => Parse(ids, "--base-ids"),
        _ => throw new InterventionException("Give --base or --base-ids, not both."),
    };

    /// <summary>The sources, or null when none is given.</summary>
    public IReadOnlyList<ModelInputs?>? Sources(ParseResult arguments, IntervenableModel model)
    {
        var (texts, ids) = (arguments.GetValue(_sources) ?? [], arguments.GetValue(_sourceIds) ?? []);
        if (texts.Length > 0 && ids.Length > 0)
            throw new InterventionException("Give --source or --source-ids, not both.");
        ModelInputs?[] sources =
        [
            .. texts.Select(text => ModelInputs.FromTokens(Encode(text, arguments, model))),
            .. ids.Select(list => ModelInputs.FromTokens(Parse(list, "--source-ids"))),
        ];
        return sources.Length == 0 ? null : sources;
    }

    private ImmutableArray<int> Encode(string text, ParseResult arguments, IntervenableModel model)
    {
        var ids = model.Tokenizer.Encode(text, !arguments.GetValue(_plain)).Ids;
        return ids.Length > 0 ? ids : throw new InterventionException("The text has no tokens.");
    }

    private static List<int> Parse(string list, string option)
    {
        var ids = new List<int>();
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries))
        {
            ids.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw new InterventionException($"{option}: '{part}' is no token id. Write 1,2,3."));
        }

        return ids;
    }
}
