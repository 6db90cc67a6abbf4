using System.Collections.Immutable;
using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// GPT-2's printable character for each byte: printable Latin-1 bytes represent themselves, the others follow from
/// U+0100 on (github.com/openai/gpt-2, src/encoder.py, bytes_to_unicode).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly ImmutableArray<char> s_characters = Make();
    private static readonly ImmutableDictionary<char, byte> s_bytes = Enumerable
        .Range(0, 256)
        .ToImmutableDictionary(code => s_characters[code], code => (byte)code);

    public static char Character(byte code) => s_characters[code];

    public static bool TryByte(char character, out byte code) => s_bytes.TryGetValue(character, out code);

    /// <summary>A text with a character of the alphabet for each of its UTF-8 bytes.</summary>
    public static TrackedText Spell(TrackedText text)
    {
        var (spelled, origins) = (new StringBuilder(text.Length), new List<(int Start, int End)>(text.Length));
        Span<byte> bytes = stackalloc byte[4];
        for (var index = 0; index < text.Length; )
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(index), out var rune, out var length);
            foreach (var code in bytes[..rune.EncodeToUtf8(bytes)])
            {
                spelled.Append(s_characters[code]);
                origins.Add((text.Start(index), text.End(index + length - 1)));
            }

            index += length;
        }

        return TrackedText.Of(spelled.ToString(), [.. origins]);
    }

    private static ImmutableArray<char> Make()
    {
        var characters = ImmutableArray.CreateBuilder<char>(256);
        var next = 0x100;
        for (var code = 0; code < 256; code++)
        {
            var isPrintable = code is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters.Add(isPrintable ? (char)code : (char)next++);
        }

        return characters.MoveToImmutable();
    }
}
