using System.Text;
using OnnxIntervene.Formats;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>
/// SentencePiece's byte-pair encoding: of all neighbours that together are a piece, those with the highest score are
/// merged first (github.com/google/sentencepiece, src/bpe_model.cc). Bytes take the place of what is left unknown.
/// </summary>
internal sealed class SentencePiecePairs : TokenModel
{
    private readonly SentencePieceFile _file;
    private readonly int[] _ranks;
    private readonly int _unknown;
    private readonly TokenTrie _userDefined;
    private readonly int?[]? _bytes;

    /// <param name="file">The pieces.</param>
    /// <param name="vocabulary">The same by their texts.</param>
    /// <param name="unknown">The token of characters that are in no piece.</param>
    /// <param name="userDefined">The pieces that are never merged with others.</param>
    public SentencePiecePairs(SentencePieceFile file, Vocabulary vocabulary, int unknown, TokenTrie userDefined)
        : base(vocabulary)
    {
        (_file, _unknown, _userDefined) = (file, unknown, userDefined);
        _bytes = file.FallsBackToBytes ? vocabulary.ByteTokens() : null;
        _ranks = Ranks(file);
    }

    public override void Encode(TrackedText piece, List<FoundToken> tokens)
    {
        var text = piece.Text;
        var symbols = Symbols(text);
        MergeQueue.Apply(symbols, (left, right) => Merge(text, left, right));
        var isUnknownBefore = false;
        foreach (var symbol in symbols)
        {
            var (start, end) = (piece.Start(symbol.Start), piece.End(symbol.End - 1));
            var isUnknown = symbol.Id == Symbol.NoToken;
            if (!isUnknown)
                tokens.Add(new FoundToken(symbol.Id, start, end));
            else if (
                _bytes is not null
                && Vocabulary.Bytes(text.AsSpan(symbol.Start, symbol.End - symbol.Start), _bytes) is { } bytes
            )
                tokens.AddRange(bytes.Select(id => new FoundToken(id, start, end)));
            // Unknown characters beside each other are one token.
            else if (isUnknownBefore)
                tokens[^1] = tokens[^1] with { End = end };
            else
                tokens.Add(new FoundToken(_unknown, start, end));
            isUnknownBefore = isUnknown;
        }
    }

    private List<Symbol> Symbols(string text)
    {
        var symbols = new List<Symbol>(text.Length);
        for (int start = 0, length; start < text.Length; start += length)
        {
            (var id, length) = _userDefined.Prefixes(text, start).LastOrDefault();
            if (length == 0)
            {
                Rune.DecodeFromUtf16(text.AsSpan(start), out _, out length);
                id = Find(text.AsSpan(start, length)) ?? Symbol.NoToken;
            }

            symbols.Add(new Symbol(id, start, start + length));
        }

        return symbols;
    }

    private (int Rank, int Id)? Merge(string text, Symbol left, Symbol right) =>
        IsWhole(left) || IsWhole(right) || Find(text.AsSpan(left.Start, right.End - left.Start)) is not { } id
            ? null
            : (_ranks[id], id);

    private bool IsWhole(Symbol symbol) => symbol.Id >= 0 && _file.Pieces[symbol.Id].Kind == PieceKind.UserDefined;

    // Control pieces, bytes and the unknown piece are no text.
    private int? Find(ReadOnlySpan<char> text) =>
        Vocabulary.Find(text) is { } id && _file.Pieces[id].Kind is PieceKind.Normal or PieceKind.UserDefined
            ? id
            : null;

    // The place of each piece's score among all of them, the highest first.
    private static int[] Ranks(SentencePieceFile file)
    {
        var scores = file.Pieces.Select(piece => piece.Score).ToArray();
        var ids = Enumerable.Range(0, scores.Length).ToArray();
        Array.Sort(scores, ids, Comparer<float>.Create((left, right) => right.CompareTo(left)));
        var ranks = new int[ids.Length];
        for (var index = 1; index < ids.Length; index++)
            ranks[ids[index]] = ranks[ids[index - 1]] + (scores[index] == scores[index - 1] ? 0 : 1);
        return ranks;
    }
}
