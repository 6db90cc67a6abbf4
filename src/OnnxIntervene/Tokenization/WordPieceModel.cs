using System.Text;
using Microsoft.ML.Tokenizers;

namespace OnnxIntervene.Tokenization;

/// <summary>BERT's WordPiece; the matching is Microsoft.ML.Tokenizers'.</summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly WordPieceTokenizer _matcher;
    private readonly BertNormalizer _normalizer;
    private readonly string _prefix;
    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<int, string> _tokens;

    // The tokens' numbers by those that the library gives them, which are without gaps.
    private readonly int[] _ids;

    // The library takes memory on the stack for so many characters.
    private const int LongestWord = 10_000;

    /// <summary>How many characters of a word are looked at, where the files do not say.</summary>
    public const int UsualLongestWord = 100;

    public WordPieceModel(
        IReadOnlyDictionary<string, int> vocabulary,
        BertNormalizer normalizer,
        string unknown,
        string prefix,
        int longestWord
    )
    {
        _vocabulary = new Dictionary<string, int>(vocabulary, StringComparer.Ordinal);
        _tokens = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
        _normalizer = normalizer;
        _prefix = prefix;
        _ids = [.. _tokens.Where(token => CanMatch(token.Value)).Select(token => token.Key).Order()];
        _matcher = WordPieceTokenizer.Create(
            Lines(),
            new WordPieceOptions
            {
                PreTokenizer = new WholePieces(),
                UnknownToken = unknown,
                ContinuingSubwordPrefix = prefix,
                MaxInputCharsPerWord = Math.Min(longestWord, LongestWord),
            }
        );
    }

    public override int VocabularySize => _vocabulary.Count;

    public override void Encode(ReadOnlySpan<char> text, int start, List<(int Id, TokenSpan Span)> tokens)
    {
        var word = new List<(Rune Rune, TokenSpan Span)>();
        foreach (var character in _normalizer.Normalize(text, start))
        {
            var isPunctuation = BertNormalizer.IsPunctuation(character.Rune);
            if (isPunctuation || Rune.IsWhiteSpace(character.Rune))
                EncodeWord(word, tokens);
            if (isPunctuation)
                EncodeWord([character], tokens);
            else if (!Rune.IsWhiteSpace(character.Rune))
                word.Add(character);
        }

        EncodeWord(word, tokens);
    }

    public override string Decode(IEnumerable<int> ids, IReadOnlyDictionary<int, string> added)
    {
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            var token = _tokens.GetValueOrDefault(id) ?? added.GetValueOrDefault(id, "");
            if (text.Length == 0)
                text.Append(token);
            else
                text.Append(
                    CleanUp(token.StartsWith(_prefix, StringComparison.Ordinal) ? token[_prefix.Length..] : $" {token}")
                );
        }

        return text.ToString();
    }

    public override string TokenText(int id) => _tokens.GetValueOrDefault(id, "");

    public override int? Find(string token) => _vocabulary.TryGetValue(token, out var id) ? id : null;

    private void EncodeWord(List<(Rune Rune, TokenSpan Span)> word, List<(int Id, TokenSpan Span)> tokens)
    {
        if (word.Count == 0)
            return;
        var text = string.Concat(word.Select(character => character.Rune.ToString()));
        var owners = word.SelectMany(character => Enumerable.Repeat(character.Span, character.Rune.Utf16SequenceLength))
            .ToList();
        foreach (var token in _matcher.EncodeToTokens(text, out _))
        {
            var (first, end) = (token.Offset.Start.Value, token.Offset.End.Value);
            tokens.Add((_ids[token.Id], new TokenSpan(owners[first].Start, owners[end - 1].End)));
        }

        word.Clear();
    }

    // Token by token, so only punctuation loses its space: github.com/huggingface/tokenizers, decoders/wordpiece.rs.
    private static string CleanUp(string text) =>
        new StringBuilder(text)
            .Replace(" .", ".")
            .Replace(" ?", "?")
            .Replace(" !", "!")
            .Replace(" ,", ",")
            .Replace(" ' ", "'")
            .Replace(" n't", "n't")
            .Replace(" 'm", "'m")
            .Replace(" do not", " don't")
            .Replace(" 's", "'s")
            .Replace(" 've", "'ve")
            .Replace(" 're", "'re")
            .ToString();

    /// <summary>Whether a token can be a word or a part of one: it is not empty, and one line.</summary>
    public static bool CanMatch(string token) => token.Length > 0 && !token.AsSpan().ContainsAny('\n', '\r');

    // The library reads a vocabulary as lines; a token's number is that of its line.
    private MemoryStream Lines()
    {
        var text = new StringBuilder();
        foreach (var id in _ids)
            text.Append(_tokens[id]).Append('\n');
        return new MemoryStream(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
