using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Studies.Prompts;

/// <summary>A prompt with its tokens, and what experiments look for in it.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="Ids">Its tokens, special ones included.</param>
/// <param name="Tokens">The tokens as text.</param>
/// <param name="Offsets">The part of the text that each covers; empty where the prompt was given as ids.</param>
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

    /// <summary>A prompt given as token ids; where a token has no text, the text of it is its id.</summary>
    /// <param name="ids">The tokens, special ones included.</param>
    /// <param name="tokenText">Spells tokens: <c>LoadedModel.TokenText</c>. Null where there is no tokenizer.</param>
    /// <exception cref="InterventionException">There is no token.</exception>
    public static PromptText OfIds(IReadOnlyList<int> ids, Func<int, string>? tokenText = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
            throw new InterventionException("The prompt has no tokens.");
        ImmutableArray<string> tokens = [.. ids.Select(tokenText ?? (id => id.ToString(CultureInfo.InvariantCulture)))];
        return new PromptText(string.Join(tokenText is null ? " " : "", tokens), [.. ids], tokens, []);
    }

    /// <summary>Throws unless these are positions of the prompt.</summary>
    /// <exception cref="InterventionException">There is none, or one is not in the prompt.</exception>
    public void RequirePositions(ImmutableArray<int> positions)
    {
        if (positions.IsDefaultOrEmpty)
            throw new InterventionException("No positions are given.");
        foreach (var position in positions)
        {
            if (position < 0 || position >= Ids.Length)
                throw new InterventionException(
                    $"The position {position} is not in the prompt, which has the positions 0 to "
                        + $"{Ids.Length - 1}: {Show()}."
                );
        }
    }

    /// <summary>The positions of the tokens that the subject's first occurrence touches.</summary>
    /// <exception cref="InterventionException">
    /// The subject is not in the prompt, or the prompt was given as token ids.
    /// </exception>
    public ImmutableArray<int> PositionsOf(string subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (Offsets.Length != Ids.Length)
            throw new InterventionException(
                "The prompt was given as token ids, in which no text can be found; give positions."
            );
        var start = Text.IndexOf(subject, StringComparison.Ordinal);
        if (start < 0 || subject.Length == 0)
            throw new InterventionException($"The text '{subject}' is not in the prompt, whose tokens are {Show()}.");
        return PositionsOf(start, start + subject.Length);
    }

    /// <summary>The positions of the tokens that a part of the text touches.</summary>
    /// <param name="start">Its first character.</param>
    /// <param name="end">The place after its last.</param>
    internal ImmutableArray<int> PositionsOf(int start, int end) =>
        [
            .. Enumerable
                .Range(0, Offsets.Length)
                .Where(index =>
                    Offsets[index].End > start
                    && Offsets[index].Start < end
                    && Offsets[index].End > Offsets[index].Start
                ),
        ];

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

    /// <summary>The tokens at some positions, one after the other.</summary>
    public string TextOf(IEnumerable<int> positions) =>
        string.Join(AreNumbers ? " " : "", positions.Select(position => Tokens[position])).Trim();

    private bool AreNumbers => Offsets.IsEmpty && Tokens.All(token => token.All(char.IsAsciiDigit));

    /// <summary>The tokens, each in quotes.</summary>
    public string Show() => string.Join(" ", Tokens.Select(token => $"'{token}'"));
}
