using System.Text;
using Microsoft.ML.Tokenizers;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>BERT's WordPiece; the matching is Microsoft.ML.Tokenizers'.</summary>
internal sealed class WordPieceModel : TokenModel
{
    // The library takes memory on the stack for so many characters.
    private const int LongestWord = 10_000;

    /// <summary>How many characters of a word are looked at, where the files do not say.</summary>
    public const int UsualLongestWord = 100;

    private readonly WordPieceTokenizer _matcher;

    // The tokens' numbers by those that the library gives them, which are without gaps.
    private readonly int[] _ids;

    public WordPieceModel(Vocabulary vocabulary, string unknown, string prefix, int longestWord)
        : base(vocabulary)
    {
        _ids = [.. vocabulary.Ids.Where(token => CanMatch(token.Key)).Select(token => token.Value).Order()];
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

    /// <summary>Whether a token can be a word or a part of one: it is not empty, and one line.</summary>
    public static bool CanMatch(string token) => token.Length > 0 && !token.AsSpan().ContainsAny('\n', '\r');

    public override void Encode(TrackedText piece, List<FoundToken> tokens)
    {
        foreach (var token in _matcher.EncodeToTokens(piece.Text, out _))
        {
            var (first, end) = (token.Offset.Start.Value, token.Offset.End.Value);
            tokens.Add(new FoundToken(_ids[token.Id], piece.Start(first), piece.End(end - 1)));
        }
    }

    // The library reads a vocabulary as lines; a token's number is that of its line.
    private MemoryStream Lines()
    {
        var text = new StringBuilder();
        foreach (var id in _ids)
            text.Append(Vocabulary.Spelling(id)).Append('\n');
        return new MemoryStream(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
