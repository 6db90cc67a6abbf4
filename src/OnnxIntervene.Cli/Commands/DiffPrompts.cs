using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What models are compared on: texts, token ids, or a file of inputs.</summary>
internal sealed class DiffPrompts
{
    private readonly Option<string?> _file = new("--prompts") { Description = "A file of texts, one a line." };
    private readonly Option<string[]> _texts = new("--prompt") { Description = "A text; can be given several times." };
    private readonly Option<string[]> _ids = new("--ids")
    {
        Description = "A prompt as token ids, 1,2,3; can be given several times. Needs no tokenizer.",
    };
    private readonly Option<string?> _base = new("--base-file")
    {
        Description =
            "Inputs from a file, in addition to one prompt or in place of it: .safetensors with a tensor for each "
            + "input, or .npy for the only required input.",
    };
    private readonly Option<bool> _plain = new("--no-special-tokens")
    {
        Description = "Do not put the special tokens around texts that the model expects.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _file, _texts, _ids, _base, _plain })
            command.Add(option);
    }

    /// <summary>The prompts, each a batch; none where none are given.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="model">The model whose inputs a file has.</param>
    /// <param name="reader">The model whose tokenizer reads texts.</param>
    public ImmutableArray<ModelInputs> Read(ParseResult arguments, LoadedModel model, LoadedModel reader)
    {
        IEnumerable<string> texts = arguments.GetValue(_texts) ?? [];
        if (arguments.GetValue(_file) is { } path)
            texts = InputFile.ReadTexts(path).Concat(texts);
        ImmutableArray<ModelInputs> prompts =
        [
            .. texts.Select(text => Encoded(text, arguments, reader)),
            .. (arguments.GetValue(_ids) ?? []).Select(ids => ModelInputs.FromTokens(TokenIds.Parse(ids, _ids.Name))),
        ];
        if (arguments.GetValue(_base) is not { } file)
            return prompts;
        return prompts.Length <= 1
            ? [InputFile.Read(file, model.Model, prompts.FirstOrDefault())]
            : throw new InterventionException($"--base-file goes with one prompt at most; {prompts.Length} are given.");
    }

    private ModelInputs Encoded(string text, ParseResult arguments, LoadedModel reader)
    {
        var ids = reader.Tokenizer.Encode(text, !arguments.GetValue(_plain)).Ids;
        return ids.Length > 0
            ? ModelInputs.FromTokens(ids)
            : throw new InterventionException($"The prompt '{text}' has no tokens.");
    }
}
