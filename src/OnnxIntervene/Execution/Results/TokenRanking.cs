using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.Execution.Results;

/// <summary>The most probable tokens at one position, the most probable first.</summary>
public sealed record TokenRanking(ImmutableArray<TokenProbability> Tokens)
{
    /// <summary>The ranking of logits over a vocabulary; <paramref name="tokenText"/> spells tokens.</summary>
    public static TokenRanking Of(ReadOnlySpan<float> logits, int count, Func<int, string> tokenText) =>
        Of(logits, count, tokenText, OutputScale.Logits);

    /// <summary>The ranking of scores, which may be probabilities already.</summary>
    public static TokenRanking Of(ReadOnlySpan<float> scores, int count, Func<int, string> tokenText, OutputScale scale)
    {
        ArgumentNullException.ThrowIfNull(tokenText);
        var probabilities = scale switch
        {
            OutputScale.Logits => Softmax.Of(scores),
            OutputScale.SingleLogit => [.. scores.ToArray().Select(score => 1 / (1 + MathF.Exp(-score)))],
            _ => scores.ToArray(),
        };
        var ids = Enumerable.Range(0, probabilities.Length).ToArray();
        Array.Sort((float[])probabilities.Clone(), ids);
        Array.Reverse(ids);
        return new TokenRanking([
            .. ids.Take(count).Select(id => new TokenProbability(id, tokenText(id), probabilities[id])),
        ]);
    }

    /// <summary>A line for each token: its probability and its text.</summary>
    public override string ToString() =>
        string.Join(
            Environment.NewLine,
            Tokens.Select(token =>
                string.Create(CultureInfo.InvariantCulture, $"{token.Probability, 8:P2} '{token.Text}'")
            )
        );
}
