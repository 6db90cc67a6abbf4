using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace OnnxIntervene.Tokenization;

/// <summary>Byte-level byte-pair encoding, as in GPT-2; the merging is Microsoft.ML.Tokenizers'.</summary>
internal sealed class ByteLevelModel : TokenModel
{
    private readonly BpeTokenizer _merger;
    private readonly ByteLevelSplitter _splitter;
    private readonly bool _addsSpace;
    private readonly IReadOnlyDictionary<string, int> _vocabulary;
    private readonly Dictionary<int, string> _tokens;

    public ByteLevelModel(
        IReadOnlyDictionary<string, int> vocabulary,
        IEnumerable<string> merges,
        ByteLevelSplitter splitter,
        bool addsSpace
    )
    {
        _merger = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, PreTokenizer = new WholePieces() });
        _splitter = splitter;
        _addsSpace = addsSpace;
        _vocabulary = vocabulary;
        _tokens = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
    }

    public override int VocabularySize => _vocabulary.Count;

    public override void Encode(ReadOnlySpan<char> text, int start, List<(int Id, TokenSpan Span)> tokens)
    {
        if (_addsSpace && text.Length > 0 && !char.IsWhiteSpace(text[0]))
        {
            EncodePieces($" {text}", start, shift: -1, tokens);
            return;
        }

        EncodePieces(text, start, shift: 0, tokens);
    }

    public override string Decode(IEnumerable<int> ids, IReadOnlyDictionary<int, string> added)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            if (added.TryGetValue(id, out var special))
            {
                text.Append(Encoding.UTF8.GetString([.. bytes])).Append(special);
                bytes.Clear();
            }
            else
            {
                bytes.AddRange(Bytes(id));
            }
        }

        return text.Append(Encoding.UTF8.GetString([.. bytes])).ToString();
    }

    public override string TokenText(int id)
    {
        ReadOnlySpan<byte> bytes = [.. Bytes(id)];
        var text = new StringBuilder();
        while (bytes.Length > 0)
        {
            var isWhole =
                Rune.DecodeFromUtf8(bytes, out var rune, out var count) == System.Buffers.OperationStatus.Done;
            if (isWhole)
                text.Append(rune.ToString());
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{bytes[0]:X2}");
            bytes = bytes[(isWhole ? count : 1)..];
        }

        return text.ToString();
    }

    public override int? Find(string token) => _vocabulary.TryGetValue(token, out var id) ? id : null;

    private void EncodePieces(ReadOnlySpan<char> text, int start, int shift, List<(int Id, TokenSpan Span)> tokens)
    {
        foreach (var piece in _splitter.Split(text))
        {
            var (offset, length) = piece.GetOffsetAndLength(text.Length);
            var (mapped, starts) = Map(text.Slice(offset, length));
            foreach (var token in _merger.EncodeToTokens(mapped, out _))
            {
                var (first, last) = (starts[token.Offset.Start.Value], starts[token.Offset.End.Value - 1]);
                var origin = start + offset + shift;
                tokens.Add((token.Id, new TokenSpan(Math.Max(start, origin + first.Start), origin + last.End)));
            }
        }
    }

    // A character of the alphabet for each UTF-8 byte, and the character of the text that it came from.
    private static (string Mapped, List<TokenSpan> Starts) Map(ReadOnlySpan<char> piece)
    {
        var mapped = new StringBuilder(piece.Length);
        var starts = new List<TokenSpan>(piece.Length);
        Span<byte> bytes = stackalloc byte[4];
        for (var index = 0; index < piece.Length; )
        {
            Rune.DecodeFromUtf16(piece[index..], out var rune, out var length);
            foreach (var code in bytes[..rune.EncodeToUtf8(bytes)])
            {
                mapped.Append(ByteAlphabet.Character(code));
                starts.Add(new TokenSpan(index, index + length));
            }

            index += length;
        }

        return (mapped.ToString(), starts);
    }

    private IEnumerable<byte> Bytes(int id)
    {
        if (!_tokens.TryGetValue(id, out var token))
            yield break;
        foreach (var character in token)
        {
            if (ByteAlphabet.TryByte(character, out var code))
                yield return code;
        }
    }
}
