using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Sweeps;

/// <summary>A prompt with its tokens, and what experiments look for in it.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="Ids">Its tokens, special ones included.</param>
/// <param name="Tokens">The tokens as text.</param>
/// <param name="Offsets">The part of the text that each covers.</param>
public sealed record PromptText(
    string Text,
    ImmutableArray<int> Ids,
    ImmutableArray<string> Tokens,
    ImmutableArray<TokenSpan> Offsets
)
{
    /// <summary>Tokenizes a prompt.</summary>
    public static PromptText Of(string text, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var encoding = tokenizer.Encode(text);
        return new PromptText(text, encoding.Ids, [.. encoding.Ids.Select(tokenizer.TokenText)], encoding.Offsets);
    }

    /// <summary>The positions of the tokens that the subject's first occurrence touches.</summary>
    /// <exception cref="InterventionException">The subject is not in the prompt.</exception>
    public ImmutableArray<int> PositionsOf(string subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var start = Text.IndexOf(subject, StringComparison.Ordinal);
        if (start < 0 || subject.Length == 0)
            throw new InterventionException(
                $"The subject '{subject}' is not in the prompt, whose tokens are {Show()}."
            );
        var end = start + subject.Length;
        return
        [
            .. Enumerable
                .Range(0, Ids.Length)
                .Where(index =>
                    Offsets[index].End > start
                    && Offsets[index].Start < end
                    && Offsets[index].End > Offsets[index].Start
                ),
        ];
    }

    /// <summary>The single token of an answer.</summary>
    /// <exception cref="InterventionException">The answer is not exactly one token.</exception>
    public static int Answer(string answer, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.FindToken(answer) is { } token)
            return token;
        var tokens = tokenizer.Encode(answer, addSpecialTokens: false).Ids.Select(id => $"'{tokenizer.TokenText(id)}'");
        var hint = answer.StartsWith(' ') ? "" : $" Did you mean ' {answer}', with the space before it?";
        throw new InterventionException(
            $"The answer '{answer}' is not one token but {string.Join(" ", tokens)}.{hint}"
        );
    }

    /// <summary>Throws unless the two prompts have equally many tokens, which the message shows.</summary>
    /// <exception cref="InterventionException">The numbers of tokens differ.</exception>
    public static void RequireEqualLength(PromptText clean, PromptText corrupt)
    {
        ArgumentNullException.ThrowIfNull(clean);
        ArgumentNullException.ThrowIfNull(corrupt);
        if (clean.Ids.Length != corrupt.Ids.Length)
        {
            throw new InterventionException(
                $"The prompts must have equally many tokens. Clean, {clean.Ids.Length}: {clean.Show()}. Corrupt, "
                    + $"{corrupt.Ids.Length}: {corrupt.Show()}."
            );
        }
    }

    /// <summary>The tokens, each in quotes.</summary>
    public string Show() => string.Join(" ", Tokens.Select(token => $"'{token}'"));
}
