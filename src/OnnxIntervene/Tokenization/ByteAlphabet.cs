using System.Collections.Immutable;

namespace OnnxIntervene.Tokenization;

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
