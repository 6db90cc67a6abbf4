using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a run computed, to be shown and saved.</summary>
internal sealed record RunOutcome
{
    private RunOutcome(string name, NumericArray before, NumericArray after, OutputKind kind)
    {
        Name = name;
        Before = before;
        After = after;
        Kind = kind;
    }

    private string Name { get; }

    private NumericArray Before { get; }

    private NumericArray After { get; }

    private OutputKind Kind { get; }

    private ImmutableArray<NumericArray> Collected { get; init; } = [];

    private int? Position { get; init; }

    // The top ranks of each example, before and after; none where the output is not a ranking.
    private ImmutableArray<(TokenRanking Before, TokenRanking After)> Rankings { get; init; } = [];

    public static RunOutcome Of(LoadedModel model, ModelInputs inputs, RunResult result, int count)
    {
        var (before, after) = (result.Original!, result.Intervened);
        var kind = model.KindOf(after.Logits, inputs);
        var outcome = new RunOutcome(model.Model.Graph.Outputs[0].Name, before.Logits, after.Logits, kind)
        {
            Collected = result.Collected,
        };
        return kind switch
        {
            OutputKind.Tokens => outcome.WithTokens(model, inputs, before, after, count),
            OutputKind.Classes => outcome with
            {
                Rankings =
                [
                    .. Enumerable
                        .Range(0, after.Logits.Shape[0])
                        .Select(row =>
                            (
                                TokenRanking.Of(before.Logits.Row(row).Floats, count, model.ClassText),
                                TokenRanking.Of(after.Logits.Row(row).Floats, count, model.ClassText)
                            )
                        ),
                ],
            },
            _ => outcome,
        };
    }

    /// <summary>Refuses a file name that no outcome can be saved under.</summary>
    public static void CheckPath(string? path)
    {
        if (path is not null && !IsNumpy(path) && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new InterventionException($"--out '{path}': the file must end in .safetensors or .npy.");
    }

    public void Save(string path)
    {
        if (IsNumpy(path))
            NumpyFile.Write(path, After);
        else
            SafetensorsFile.Write(path, Tensors());
    }

    private Dictionary<string, NumericArray> Tensors()
    {
        var tensors = new Dictionary<string, NumericArray> { [Name] = After, [$"{Name}.before"] = Before };
        for (var index = 0; index < Collected.Length; index++)
            tensors.Add($"collected.{index}", Collected[index]);
        return tensors;
    }

    public void Write(Terminal terminal, bool asJson, string? path)
    {
        if (asJson)
            terminal.Output.WriteJson(JsonText.Of(Data(path)));
        else
            WriteText(terminal, path);
    }

    private RunOutcome WithTokens(
        LoadedModel model,
        ModelInputs inputs,
        ModelOutput before,
        ModelOutput after,
        int count
    )
    {
        var tokens = inputs.Tokens.Row(0).Integers;
        var masked = model.HasTokenizer && model.Tokenizer.MaskToken is { } mask ? tokens.IndexOf(mask) : -1;
        var position = Math.Min(masked >= 0 ? masked : tokens.Length - 1, after.Logits.Shape[1] - 1);
        return this with
        {
            Position = position,
            Rankings =
            [
                (
                    TokenRanking.Of(before.LogitsAt(0, position).Span, count, model.TokenText),
                    TokenRanking.Of(after.LogitsAt(0, position).Span, count, model.TokenText)
                ),
            ],
        };
    }

    private object Data(string? path)
    {
        var difference = OutputDifference.Of(Before, After);
        return Kind switch
        {
            OutputKind.Tokens => new
            {
                Position,
                Before = Rankings[0].Before.Tokens,
                After = Rankings[0].After.Tokens,
                Difference = difference,
                File = path,
            },
            OutputKind.Classes => new
            {
                Output = Name,
                After.Shape,
                Examples = Rankings.Select(pair => new { Before = pair.Before.Tokens, After = pair.After.Tokens }),
                Difference = difference,
                File = path,
            },
            _ => new
            {
                Output = Name,
                After.Shape,
                Difference = difference,
                File = path,
            },
        };
    }

    private void WriteText(Terminal terminal, string? path)
    {
        foreach (var (pair, example) in Rankings.Select((pair, example) => (pair, example)))
        {
            if (Rankings.Length > 1)
                terminal.Output.WriteLine($"Example {example}");
            terminal.WriteTable(
                ["before", "", "after", ""],
                pair.Before.Tokens.Zip(
                    pair.After.Tokens,
                    (before, after) =>
                        new[] { Quoted(before), $"{before.Probability:P2}", Quoted(after), $"{after.Probability:P2}" }
                )
            );
        }

        if (Kind != OutputKind.Tokens)
            terminal.WriteFacts(Facts());
        if (path is not null)
            terminal.Output.WriteLine($"Wrote {path}");
    }

    private List<(string Name, string Value)> Facts()
    {
        var difference = OutputDifference.Of(Before, After);
        return
        [
            ("output", $"{Name} [{string.Join(", ", After.Shape)}]"),
            ("largest difference", difference.Largest.ToString("G5", CultureInfo.InvariantCulture)),
            ("mean difference", difference.Mean.ToString("G5", CultureInfo.InvariantCulture)),
            ("changed elements", $"{difference.Changed} of {difference.Length}"),
        ];
    }

    private static bool IsNumpy(string path) => path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    private string Quoted(TokenProbability token) => Kind == OutputKind.Tokens ? $"'{token.Text}'" : token.Text;
}
