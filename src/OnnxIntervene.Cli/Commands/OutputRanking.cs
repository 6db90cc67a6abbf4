using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The top tokens or classes of each example before and after, where an output ranks any.</summary>
internal sealed record OutputRanking(OutputKind Kind, OutputScale Scale, ImmutableArray<RankedExample> Examples)
{
    /// <summary>The ranking of an output; null where its numbers mean something else.</summary>
    public static OutputRanking? Of(
        LoadedModel model,
        ModelInputs inputs,
        RunResult result,
        ComparedOutput output,
        int count
    )
    {
        var kind = model.KindOf(output.Name, output.After, inputs);
        if (output.Difference is null || kind == OutputKind.Values)
            return null;
        var scale = model.ScaleOf(output.Name, output.After);
        Func<int, string> text = kind == OutputKind.Tokens ? model.TokenText : model.ClassText;
        var examples = Enumerable
            .Range(0, output.After.Shape[0])
            .Select(row =>
            {
                int? position = kind == OutputKind.Tokens ? Position(model, inputs, result, output, row) : null;
                return new RankedExample(position, Ranking(output.Before, row), Ranking(output.After, row));

                TokenRanking Ranking(NumericArray scores, int example) =>
                    TokenRanking.Of(Scores(scores, example, position), count, text, scale);
            });
        return new OutputRanking(kind, scale, [.. examples]);
    }

    public void Write(Terminal terminal)
    {
        foreach (var (example, index) in Examples.Select((example, index) => (example, index)))
        {
            if (Examples.Length > 1)
                terminal.Output.WriteLine($"Example {index}");
            terminal.WriteTable(
                ["before", "", "after", ""],
                example.Before.Tokens.Zip(
                    example.After.Tokens,
                    (before, after) =>
                        new[] { Label(before), $"{before.Probability:P2}", Label(after), $"{after.Probability:P2}" }
                )
            );
        }

        if (Scale == OutputScale.SingleLogit)
            terminal.Output.WriteLine("There is one class; the percentages are the sigmoids of its logits.");
    }

    private static ReadOnlySpan<float> Scores(NumericArray scores, int example, int? position) =>
        position is { } at ? scores.RowAt(example, at).Span : scores.Row(example).Floats;

    // What follows the last token, or stands at the mask.
    private static int Position(LoadedModel model, ModelInputs inputs, RunResult result, ComparedOutput output, int row)
    {
        var masked =
            model.HasTokenizer && model.Tokenizer.MaskToken is { } mask && row < inputs.Tokens.Shape[0]
                ? inputs.Tokens.Row(row).Integers.IndexOf(mask)
                : -1;
        return masked >= 0 && masked < output.After.Shape[1] ? masked : result.Intervened.LastPosition(row);
    }

    private string Label(TokenProbability token) => Kind == OutputKind.Tokens ? $"'{token.Text}'" : token.Text;
}

/// <summary>One example's ranking.</summary>
/// <param name="Position">The position of the logits; null for classes.</param>
/// <param name="Before">Without interventions.</param>
/// <param name="After">With them.</param>
internal sealed record RankedExample(int? Position, TokenRanking Before, TokenRanking After);
