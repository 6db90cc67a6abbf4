using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>How byte-pair encoding treats the characters of a piece.</summary>
internal sealed record BytePairOptions
{
    /// <summary>The token of characters that are not in the vocabulary; without one they are left out.</summary>
    public int? Unknown { get; init; }

    /// <summary>Whether unknown characters beside each other are one token.</summary>
    public bool FusesUnknown { get; init; }

    /// <summary>Whether unknown characters become tokens of their bytes, where the vocabulary has these.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>Whether a piece that is a token is taken whole, whatever the merges make of it.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>What tokens begin with that do not begin a word.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What tokens end with that end a word.</summary>
    public string Suffix { get; init; } = "";
}

/// <summary>Byte-pair encoding, as Hugging Face's tokenizers do it (models/bpe).</summary>
internal sealed class BytePairModel(Vocabulary vocabulary, Merges merges, BytePairOptions options)
    : TokenModel(vocabulary)
{
    private readonly int?[] _bytes = options.FallsBackToBytes ? vocabulary.ByteTokens() : [];

    public override void Encode(TrackedText piece, List<FoundToken> tokens)
    {
        if (options.IgnoresMerges && Vocabulary.Find(piece.Text) is { } whole)
        {
            tokens.Add(new FoundToken(whole, piece.Start(0), piece.End(piece.Length - 1)));
            return;
        }

        var symbols = Symbols(piece.Text);
        merges.Apply(symbols);
        foreach (var symbol in symbols)
            tokens.Add(new FoundToken(symbol.Id, piece.Start(symbol.Start), piece.End(symbol.End - 1)));
    }

    private List<Symbol> Symbols(string piece)
    {
        var symbols = new List<Symbol>(piece.Length);
        Symbol? unknown = null;
        for (int start = 0, length; start < piece.Length; start += length)
        {
            Rune.DecodeFromUtf16(piece.AsSpan(start), out _, out length);
            var end = start + length;
            if (Find(piece, start, end) is { } id)
            {
                Flush(ref unknown, symbols);
                symbols.Add(new Symbol(id, start, end));
            }
            else if (options.FallsBackToBytes && Vocabulary.Bytes(piece.AsSpan(start, length), _bytes) is { } bytes)
            {
                symbols.AddRange(bytes.Select(code => new Symbol(code, start, end)));
            }
            else if (options.Unknown is { } token)
            {
                if (options.FusesUnknown && unknown is { } before)
                {
                    unknown = before with { End = end };
                    continue;
                }

                Flush(ref unknown, symbols);
                unknown = new Symbol(token, start, end);
            }
        }

        Flush(ref unknown, symbols);
        return symbols;
    }

    private int? Find(string piece, int start, int end)
    {
        var character = piece.AsSpan(start, end - start);
        var prefix = start > 0 ? options.Prefix : "";
        var suffix = end == piece.Length ? options.Suffix : "";
        return Vocabulary.Find(prefix.Length + suffix.Length == 0 ? character : $"{prefix}{character}{suffix}");
    }

    private static void Flush(ref Symbol? unknown, List<Symbol> symbols)
    {
        if (unknown is { } symbol)
            symbols.Add(symbol);
        unknown = null;
    }
}
