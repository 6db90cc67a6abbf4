using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Inputs as text, as token ids, or as files of arrays.</summary>
internal sealed class TextOptions
{
    private readonly Option<string?> _base = new("--base") { Description = "The text to run on." };
    private readonly Option<string?> _baseIds = new("--base-ids")
    {
        Description = "Token ids to run on, in place of a text: 1,2,3.",
    };
    private readonly Option<string[]> _sources = new("--source")
    {
        Description = "A source's text; one for all interventions, or one each.",
    };
    private readonly Option<string[]> _sourceIds = new("--source-ids")
    {
        Description = "A source's token ids, in place of a text.",
    };
    private readonly Option<string?> _baseFile = new("--base-file")
    {
        Description =
            "Inputs from a file, in addition to a text or in place of one: .safetensors with a tensor for each "
            + "input, or .npy for the only required input.",
    };

    private readonly Option<string[]> _sourceFiles = new("--source-file")
    {
        Description = "A source's inputs from a file; one for each source.",
    };
    private readonly Option<bool> _plain = new("--no-special-tokens")
    {
        Description = "Do not put the special tokens around texts that the model expects.",
    };

    public void AddTo(Command command, bool sources)
    {
        command.Add(_base);
        command.Add(_baseIds);
        command.Add(_baseFile);
        if (sources)
        {
            command.Add(_sources);
            command.Add(_sourceIds);
            command.Add(_sourceFiles);
        }

        command.Add(_plain);
    }

    /// <summary>The base's inputs.</summary>
    public ModelInputs Base(ParseResult arguments, LoadedModel model)
    {
        var (text, ids, file) = (
            arguments.GetValue(_base),
            arguments.GetValue(_baseIds),
            arguments.GetValue(_baseFile)
        );
        if (text is not null && ids is not null)
            throw new InterventionException("Give --base or --base-ids, not both.");
        return Inputs(text, ids, file, "--base-ids", arguments, model)
            ?? throw new InterventionException("Give --base TEXT, --base-ids 1,2,3, or --base-file FILE.");
    }

    /// <summary>The sources, or null when there are none.</summary>
    public IReadOnlyList<ModelInputs?>? Sources(ParseResult arguments, LoadedModel model)
    {
        var (texts, ids, files) = (
            arguments.GetValue(_sources) ?? [],
            arguments.GetValue(_sourceIds) ?? [],
            arguments.GetValue(_sourceFiles) ?? []
        );
        if (texts.Length > 0 && ids.Length > 0)
            throw new InterventionException("Give --source or --source-ids, not both.");
        var count = Math.Max(texts.Length, ids.Length);
        if (count > 0 && files.Length > 0 && count != files.Length)
            throw new InterventionException(
                $"{files.Length} files for {count} sources; name a file for each, or files alone."
            );
        var sources = Enumerable
            .Range(0, Math.Max(count, files.Length))
            .Select(index =>
                Inputs(
                    texts.ElementAtOrDefault(index),
                    ids.ElementAtOrDefault(index),
                    files.ElementAtOrDefault(index),
                    "--source-ids",
                    arguments,
                    model
                )
            )
            .ToList();
        return sources.Count == 0 ? null : sources;
    }

    // A text's tokens and the arrays of a file, together or alone; null when there is neither.
    private ModelInputs? Inputs(
        string? text,
        string? ids,
        string? file,
        string idsOption,
        ParseResult arguments,
        LoadedModel model
    )
    {
        var tokens =
            text is not null ? ModelInputs.FromTokens(Encode(text, arguments, model))
            : ids is not null ? ModelInputs.FromTokens(TokenIds.Parse(ids, idsOption))
            : null;
        return file is null ? tokens : InputFile.Read(file, model.Model, tokens);
    }

    private ImmutableArray<int> Encode(string text, ParseResult arguments, LoadedModel model)
    {
        var ids = model.Tokenizer.Encode(text, !arguments.GetValue(_plain)).Ids;
        return ids.Length > 0 ? ids : throw new InterventionException("The text has no tokens.");
    }
}
