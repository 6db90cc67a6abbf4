using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.Tokenization.Decoders;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// Turns text into tokens and back as the files beside a model say: byte-pair encoding, Unigram, WordPiece or whole
/// words, read from <c>tokenizer.json</c>, <c>vocab.json</c> with <c>merges.txt</c>, <c>vocab.txt</c>, or
/// SentencePiece's <c>tokenizer.model</c> (<c>spiece.model</c>) with the settings beside it. Immutable.
/// </summary>
public sealed class Tokenizer
{
    private static readonly string[] s_maskTokens = ["[MASK]", "<mask>"];
    private static readonly string[] s_paddingTokens =
    [
        "<pad>",
        "[PAD]",
        "<|pad|>",
        "<|padding|>",
        "<|finetune_right_pad_id|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "</s>",
    ];
    private readonly TokenizerDefinition _definition;
    private readonly ImmutableDictionary<int, string> _added;
    private readonly ImmutableHashSet<int> _special;
    private readonly AddedTokenFinder _beforeNormalizing;
    private readonly AddedTokenFinder _afterNormalizing;

    private Tokenizer(TokenizerDefinition definition)
    {
        _definition = definition;
        var tokens = definition.AddedTokens;
        _added = tokens.ToImmutableDictionary(token => token.Id, token => token.Content);
        _special = [.. tokens.Where(token => token.IsSpecial).Select(token => token.Id)];
        _beforeNormalizing = new AddedTokenFinder(
            tokens.Where(token => !token.IsNormalized).Select(token => (token, token.Content))
        );
        _afterNormalizing = new AddedTokenFinder(
            tokens.Where(token => token.IsNormalized).Select(token => (token, Normalized(token.Content)))
        );
    }

    /// <summary>How many tokens there are, special ones included.</summary>
    public int VocabularySize =>
        _definition.Model.Vocabulary.Count
        + _definition.AddedTokens.Count(token => _definition.Model.Vocabulary.Find(token.Content) is null);

    /// <summary>The token in place of a word to be guessed; null when the tokenizer has none.</summary>
    public int? MaskToken => s_maskTokens.Select(FindSpecial).FirstOrDefault(id => id is not null);

    /// <summary>
    /// The token that fills up shorter texts of a batch: one made for it, else one that ends texts, else 0. Masks cover
    /// it, so that its number does not matter.
    /// </summary>
    public int PaddingToken => s_paddingTokens.Select(FindSpecial).FirstOrDefault(id => id is not null) ?? 0;

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
                $"'{folder}' holds no tokenizer (tokenizer.json, vocab.json with merges.txt, vocab.txt, or "
                    + "tokenizer.model). Give token ids instead of text."
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
        var tokens = new List<FoundToken>();
        foreach (var (token, part) in _beforeNormalizing.Split(TrackedText.Of(text, 0)))
        {
            if (token is not null)
                tokens.Add(Whole(token, part));
            else
                EncodeNormalized(_definition.Normalizer.Apply(part), tokens);
        }

        var before = addSpecialTokens ? _definition.Before : [];
        var after = addSpecialTokens ? _definition.After : [];
        return new TokenEncoding(
            [.. before, .. tokens.Select(token => token.Id), .. after],
            [
                .. before.Select(_ => default(TokenSpan)),
                .. tokens.Select(token => new TokenSpan(token.Start, token.End)),
                .. after.Select(_ => default(TokenSpan)),
            ]
        );
    }

    /// <summary>The tokens of several texts, filled up to the length of the longest.</summary>
    /// <exception cref="ArgumentException">There is no text.</exception>
    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new ArgumentException("A batch has at least one text.", nameof(texts));
        options ??= new BatchOptions();
        return TokenBatch.Of(
            [.. texts.Select(text => Encode(text, options.AddSpecialTokens))],
            options.Side,
            options.PaddingToken ?? PaddingToken
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
        var chain = _definition.Decoder.Start();
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            if (Spelling(id, skipSpecialTokens) is { } token)
                text.Append(chain.Append(token));
        }

        return text.Append(chain.Flush()).ToString();
    }

    /// <summary>One token as readable text; bytes that are not characters are shown as <c>\xNN</c>.</summary>
    public string TokenText(int id) =>
        _added.TryGetValue(id, out var content) ? content
        : _definition.Model.Vocabulary.Spelling(id) is { } token ? _definition.Decoder.Show(token)
        : "";

    /// <summary>The token of a text that is exactly one token; null for other texts.</summary>
    public int? FindToken(string text) => Encode(text, addSpecialTokens: false).Ids is [var id] ? id : null;

    /// <summary>A decoder for one text.</summary>
    internal DecoderChain StartDecoding() => _definition.Decoder.Start();

    /// <summary>How a token is spelled in the vocabulary; null where it is left out, or there is none.</summary>
    internal string? Spelling(int id, bool skipSpecialTokens) =>
        skipSpecialTokens && _special.Contains(id) ? null
        : _added.TryGetValue(id, out var content) ? content
        : _definition.Model.Vocabulary.Spelling(id);

    /// <summary>The special token that a text is, which decoded texts can leave out; null for other texts.</summary>
    internal int? FindWholeSpecial(string text) => FindToken(text) is { } id && _special.Contains(id) ? id : null;

    private int? FindSpecial(string content) =>
        _definition.AddedTokens.FirstOrDefault(token => token.Content == content)?.Id
        ?? _definition.Model.Vocabulary.Find(content);

    private string Normalized(string text) => _definition.Normalizer.Apply(TrackedText.Of(text, 0)).Text;

    private void EncodeNormalized(TrackedText text, List<FoundToken> tokens)
    {
        var pieces = new List<TrackedText>();
        foreach (var (token, part) in _afterNormalizing.Split(text))
        {
            if (token is not null)
            {
                tokens.Add(Whole(token, part));
                continue;
            }

            _definition.Splitter.Split(part, pieces);
            foreach (var piece in pieces)
                _definition.Model.Encode(piece, tokens);
            pieces.Clear();
        }
    }

    private static FoundToken Whole(AddedToken token, TrackedText part) =>
        new(token.Id, part.Start(0), part.End(part.Length - 1));
}
