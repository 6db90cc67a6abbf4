using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The sources of a generation's interventions, as texts or token ids.</summary>
internal sealed class TextSources
{
    private readonly Option<string[]> _texts = new("--source")
    {
        Description = "A source's text; one for all interventions, or one each.",
    };
    private readonly Option<string[]> _ids = new("--source-ids")
    {
        Description = "A source's token ids, in place of a text.",
    };

    public void AddTo(Command command)
    {
        command.Add(_texts);
        command.Add(_ids);
    }

    /// <summary>The sources, or null when there are none.</summary>
    /// <exception cref="InterventionException">Both forms are given.</exception>
    public IReadOnlyList<ModelInputs?>? Read(ParseResult arguments, LoadedModel model)
    {
        var (texts, ids) = (arguments.GetValue(_texts) ?? [], arguments.GetValue(_ids) ?? []);
        if (texts.Length > 0 && ids.Length > 0)
            throw new InterventionException("Give --source or --source-ids, not both.");
        ModelInputs[] sources =
        [
            .. texts.Select(model.Tokenize),
            .. ids.Select(list => ModelInputs.FromTokens(TokenIds.Parse(list, _ids.Name))),
        ];
        return sources.Length == 0 ? null : sources;
    }
}
