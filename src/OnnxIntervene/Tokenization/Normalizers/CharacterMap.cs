using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Normalizers;

/// <summary>
/// SentencePiece's precompiled map of characters: a double-array trie (github.com/s-yata/darts-clone) of places in a
/// row of texts that end with a zero.
/// </summary>
internal sealed class CharacterMap : Normalizer
{
    private const int LongestGrapheme = 6;
    private readonly uint[] _trie;
    private readonly byte[] _texts;
    private readonly bool _isWholeGraphemes;
    private readonly TokenTrie? _kept;
    private readonly Func<string, Exception> _fault;

    /// <param name="bytes">The size of the trie, the trie, the texts.</param>
    /// <param name="isWholeGraphemes">
    /// Whether graphemes are looked up first, and by their shortest prefix, as Hugging Face's tokenizers do; otherwise
    /// the longest prefix is replaced, as SentencePiece does.
    /// </param>
    /// <param name="fault">The exception for a map that is broken.</param>
    /// <param name="kept">Texts that stay as they are.</param>
    public CharacterMap(
        ReadOnlySpan<byte> bytes,
        bool isWholeGraphemes,
        Func<string, Exception> fault,
        TokenTrie? kept = null
    )
    {
        (_isWholeGraphemes, _fault, _kept) = (isWholeGraphemes, fault, kept);
        var size = bytes.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size > bytes.Length - 4 || size % 4 != 0 || size == 0)
            throw fault("the map of characters is cut off, or is none");
        _trie = new uint[size / 4];
        for (var index = 0; index < _trie.Length; index++)
            _trie[index] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + (4 * index))..]);
        _texts = bytes[(4 + (int)size)..].ToArray();
    }

    public override TrackedText Apply(TrackedText text)
    {
        var builder = new TrackedTextBuilder(text, _fault);
        for (var index = 0; index < text.Length; )
        {
            var length = _isWholeGraphemes
                ? StringInfo.GetNextTextElementLength(text.Text.AsSpan(index))
                : text.Length - index;
            index += _isWholeGraphemes ? Grapheme(text, index, length, builder) : Longest(text, index, builder);
        }

        return builder.Build();
    }

    private int Grapheme(TrackedText text, int start, int length, TrackedTextBuilder builder)
    {
        if (TryReplace(text, start, length, builder))
            return length;
        for (var index = start; index < start + length; )
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(index), out _, out var characters);
            if (!TryReplace(text, index, characters, builder))
                builder.Keep(index, characters);
            index += characters;
        }

        return length;
    }

    private bool TryReplace(TrackedText text, int start, int length, TrackedTextBuilder builder)
    {
        Span<byte> bytes = stackalloc byte[LongestGrapheme];
        if (!Encoding.UTF8.TryGetBytes(text.Text.AsSpan(start, length), bytes, out var count) || count == bytes.Length)
            return false;
        foreach (var (_, place) in Prefixes(bytes[..count].ToArray()))
        {
            builder.Replace(start, length, TextAt(place));
            return true;
        }

        return false;
    }

    private int Longest(TrackedText text, int start, TrackedTextBuilder builder)
    {
        if (_kept?.Prefixes(text.Text, start).LastOrDefault() is { Length: > 0 } whole)
        {
            builder.Keep(start, whole.Length);
            return whole.Length;
        }

        // No entry is longer than a few characters.
        var characters = text.Text.AsSpan(start, Math.Min(32, text.Length - start));
        if (char.IsHighSurrogate(characters[^1]))
            characters = characters[..^1];
        var bytes = new byte[Encoding.UTF8.GetByteCount(characters)];
        Encoding.UTF8.GetBytes(characters, bytes);
        (int Count, int Place)? longest = null;
        foreach (var prefix in Prefixes(bytes))
        {
            // An entry of half a character would leave the other half.
            if (prefix.Count == bytes.Length || (bytes[prefix.Count] & 0xC0) != 0x80)
                longest = prefix;
        }

        var length =
            longest is { } found ? Encoding.UTF8.GetCharCount(bytes.AsSpan(0, found.Count))
            : Rune.DecodeFromUtf16(characters, out _, out var own) == System.Buffers.OperationStatus.Done ? own
            : 1;
        if (longest is { } match)
            builder.Replace(start, length, TextAt(match.Place));
        else
            builder.Keep(start, length);
        return length;
    }

    // The entries with which the bytes begin, from the shortest on: how many bytes, and the place of the text.
    private IEnumerable<(int Count, int Place)> Prefixes(byte[] bytes)
    {
        var node = Offset(Unit(0));
        for (var index = 0; index < bytes.Length && bytes[index] != 0; index++)
        {
            node ^= bytes[index];
            var unit = Unit(node);
            if ((unit & 0x800000FF) != bytes[index])
                yield break;
            node ^= Offset(unit);
            if ((unit >> 8 & 1) != 0)
                yield return (index + 1, (int)(Unit(node) & int.MaxValue));
        }
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private uint Unit(uint node) =>
        node < _trie.Length ? _trie[node] : throw _fault("the map of characters leads out of itself");

    private string TextAt(int place)
    {
        if (place > _texts.Length)
            throw _fault("the map of characters leads out of its texts");
        var rest = _texts.AsSpan(place);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
