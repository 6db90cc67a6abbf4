using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// Turns text into tokens and back as the files beside a model say: byte-level byte-pair encoding or WordPiece, read
/// from <c>tokenizer.json</c>, <c>vocab.json</c> with <c>merges.txt</c>, or <c>vocab.txt</c>. Immutable.
/// </summary>
public sealed class Tokenizer
{
    private static readonly string[] s_maskTokens = ["[MASK]", "<mask>"];
    private readonly TokenizerDefinition _definition;
    private readonly ImmutableDictionary<int, string> _added;
    private readonly ImmutableHashSet<int> _special;

    private Tokenizer(TokenizerDefinition definition)
    {
        _definition = definition;
        _added = definition.AddedTokens.ToImmutableDictionary(token => token.Id, token => token.Content);
        _special = [.. definition.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];
    }

    /// <summary>How many tokens there are, special ones included.</summary>
    public int VocabularySize =>
        _definition.Model.VocabularySize
        + _definition.AddedTokens.Count(token => _definition.Model.Find(token.Content) is null);

    /// <summary>The token in place of a word to be guessed; null when the tokenizer has none.</summary>
    public int? MaskToken => s_maskTokens.Select(FindSpecial).FirstOrDefault(id => id is not null);

    /// <summary>Whether a folder holds files of a tokenizer.</summary>
    public static bool ExistsIn(string folder) => TokenizerFiles.Find(folder) is not null;

    /// <summary>Reads the tokenizer of a folder.</summary>
    /// <exception cref="ModelFormatException">
    /// There is none, its files are not well formed, or its kind is not supported.
    /// </exception>
    public static Tokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var definition =
            TokenizerFiles.Find(folder)?.Invoke()
            ?? throw new ModelFormatException(
                $"'{folder}' holds no tokenizer (tokenizer.json, vocab.json with merges.txt, or vocab.txt). Give "
                    + $"token ids instead of text."
            );
        return new Tokenizer(definition);
    }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">
    /// Whether the special tokens that the model expects around a text are put there.
    /// </param>
    public TokenEncoding Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = new List<(int Id, TokenSpan Span)>();
        var position = 0;
        while (NextAdded(text, position) is var (token, start, end))
        {
            _definition.Model.Encode(text.AsSpan(position, start - position), position, tokens);
            tokens.Add((token.Id, new TokenSpan(start, end)));
            position = end;
        }

        _definition.Model.Encode(text.AsSpan(position), position, tokens);
        var before = addSpecialTokens ? _definition.Before : [];
        var after = addSpecialTokens ? _definition.After : [];
        return new TokenEncoding(
            [.. before, .. tokens.Select(token => token.Id), .. after],
            [
                .. before.Select(_ => default(TokenSpan)),
                .. tokens.Select(token => token.Span),
                .. after.Select(_ => default(TokenSpan)),
            ]
        );
    }

    /// <summary>The text of tokens.</summary>
    /// <param name="ids">The tokens' numbers.</param>
    /// <param name="skipSpecialTokens">
    /// Whether special tokens are left out; if not, they are written as they are spelled.
    /// </param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return _definition.Model.Decode(skipSpecialTokens ? ids.Where(id => !_special.Contains(id)) : ids, _added);
    }

    /// <summary>One token as readable text; bytes that are not characters are shown as <c>\xNN</c>.</summary>
    public string TokenText(int id) =>
        _added.TryGetValue(id, out var content) ? content : _definition.Model.TokenText(id);

    /// <summary>The token of a text that is exactly one token; null for other texts.</summary>
    public int? FindToken(string text) => Encode(text, addSpecialTokens: false).Ids is [var id] ? id : null;

    private int? FindSpecial(string content) =>
        _definition.AddedTokens.FirstOrDefault(token => token.Content == content)?.Id
        ?? _definition.Model.Find(content);

    // The first added token from a position on; of several that begin there, the longest.
    private (AddedToken Token, int Start, int End)? NextAdded(string text, int from)
    {
        (AddedToken Token, int Start, int End)? best = null;
        foreach (var token in _definition.AddedTokens)
        {
            var start = text.IndexOf(token.Content, from, StringComparison.Ordinal);
            if (
                start < 0
                || (
                    best is { } known
                    && (
                        known.Start < start
                        || (known.Start == start && known.Token.Content.Length >= token.Content.Length)
                    )
                )
            )
                continue;
            best = (token, start, start + token.Content.Length);
        }

        return best is { } found ? Strip(found.Token, text, found.Start, found.End, from) : null;
    }

    private static (AddedToken Token, int Start, int End) Strip(
        AddedToken token,
        string text,
        int start,
        int end,
        int from
    )
    {
        while (token.StripsLeft && start > from && char.IsWhiteSpace(text[start - 1]))
            start--;
        while (token.StripsRight && end < text.Length && char.IsWhiteSpace(text[end]))
            end++;
        return (token, start, end);
    }
}
