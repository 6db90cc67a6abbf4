using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>
/// The most probable tokens of a piece, each with a probability of its own (SentencePiece's unigram model, by Viterbi's
/// algorithm as in Hugging Face's models/unigram).
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    /// <summary>What an unknown character costs more than the least probable token.</summary>
    public const double UnknownPenalty = 10;
    private readonly Dictionary<int, double> _scores;
    private readonly int? _unknown;
    private readonly int?[]? _bytes;
    private readonly double _unknownScore;
    private readonly TokenTrie _trie;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="scores">The log-probabilities of those that are looked for in texts.</param>
    /// <param name="unknown">The token of characters that are in no token.</param>
    /// <param name="unknownScore">The log-probability of such a character.</param>
    /// <param name="fallsBackToBytes">Whether unknown characters become tokens of their bytes.</param>
    public UnigramModel(
        Vocabulary vocabulary,
        Dictionary<int, double> scores,
        int? unknown,
        double unknownScore,
        bool fallsBackToBytes
    )
        : base(vocabulary)
    {
        (_scores, _unknown, _unknownScore) = (scores, unknown, unknownScore);
        _bytes = fallsBackToBytes ? vocabulary.ByteTokens() : null;
        _trie = new TokenTrie(scores.Keys.Select(id => (vocabulary.Spelling(id)!, id)));
    }

    public override void Encode(TrackedText piece, List<FoundToken> tokens)
    {
        var best = BestPaths(piece.Text);
        var reversed = new List<Symbol>();
        for (var end = piece.Length; end > 0; end = best[end].Start)
        {
            // The unknown token may be spelled out in a text, and counts as unknown there.
            var id = best[end].Id == _unknown ? Symbol.NoToken : best[end].Id;
            var symbol = new Symbol(id, best[end].Start, end);
            // Unknown characters beside each other are one token.
            if (symbol.Id == Symbol.NoToken && reversed.Count > 0 && reversed[^1].Id == Symbol.NoToken)
                reversed[^1] = reversed[^1] with { Start = symbol.Start };
            else
                reversed.Add(symbol);
        }

        for (var index = reversed.Count - 1; index >= 0; index--)
            Add(reversed[index], piece, tokens);
    }

    private void Add(Symbol symbol, TrackedText piece, List<FoundToken> tokens)
    {
        var (start, end) = (piece.Start(symbol.Start), piece.End(symbol.End - 1));
        var known = symbol.Id != Symbol.NoToken ? symbol.Id : Vocabulary.Find(Characters());
        if (known is { } token)
            tokens.Add(new FoundToken(token, start, end));
        else if (_bytes is not null && Vocabulary.Bytes(Characters(), _bytes) is { } bytes)
            tokens.AddRange(bytes.Select(id => new FoundToken(id, start, end)));
        else if (_unknown is { } unknown)
            tokens.Add(new FoundToken(unknown, start, end));

        ReadOnlySpan<char> Characters() => piece.Text.AsSpan(symbol.Start, symbol.End - symbol.Start);
    }

    // For each place in the text, the best token that ends there: where it begins, and the score of the way to it.
    private Node[] BestPaths(string text)
    {
        var best = new Node[text.Length + 1];
        for (int start = 0, length; start < text.Length; start += length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(start), out _, out length);
            var isAlone = false;
            foreach (var (id, count) in _trie.Prefixes(text, start))
            {
                isAlone |= count == length;
                Offer(best, start, start + count, id, _scores[id]);
            }

            if (!isAlone)
                Offer(best, start, start + length, Symbol.NoToken, _unknownScore);
        }

        return best;
    }

    private static void Offer(Node[] best, int start, int end, int id, double score)
    {
        var candidate = best[start].Score + score;
        if (!best[end].IsReached || candidate > best[end].Score)
            best[end] = new Node(true, id, start, candidate);
    }

    private readonly record struct Node(bool IsReached, int Id, int Start, double Score);
}
