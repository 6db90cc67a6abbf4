using System.Globalization;
using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Decoders;

/// <summary>Tokens in GPT-2's alphabet become bytes, and these one text; what is not UTF-8 becomes U+FFFD.</summary>
internal sealed class ByteLevelStep : DecoderStep
{
    private readonly Decoder _decoder = new UTF8Encoding(false, throwOnInvalidBytes: false).GetDecoder();
    private bool _isFirst = true;

    public override void Append(TextPart part, List<TextPart> output) =>
        Add(Bytes(part.Text) ?? Encoding.UTF8.GetBytes(part.Text), isEnd: false, output);

    public override void Flush(List<TextPart> output) => Add([], isEnd: true, output);

    /// <summary>The bytes of a token; null where a character is not in the alphabet.</summary>
    public static byte[]? Bytes(string token)
    {
        var bytes = new byte[token.Length];
        for (var index = 0; index < token.Length; index++)
        {
            if (!ByteAlphabet.TryByte(token[index], out bytes[index]))
                return null;
        }

        return bytes;
    }

    private void Add(byte[] bytes, bool isEnd, List<TextPart> output)
    {
        var characters = new char[_decoder.GetCharCount(bytes, isEnd)];
        var count = _decoder.GetChars(bytes, characters, isEnd);
        if (count == 0)
            return;
        output.Add(new TextPart(new string(characters, 0, count), _isFirst));
        _isFirst = false;
    }
}

/// <summary>
/// Tokens such as <c>&lt;0x0A&gt;</c> beside each other become the text of their bytes, or U+FFFD for each where they
/// are not UTF-8. They are held back until another token follows: only then is it known what they are.
/// </summary>
internal sealed class ByteFallbackStep : DecoderStep
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);
    private readonly List<byte> _bytes = [];

    public override void Append(TextPart part, List<TextPart> output)
    {
        if (Byte(part.Text) is { } code)
        {
            _bytes.Add(code);
            return;
        }

        Flush(output);
        output.Add(part);
    }

    public override void Flush(List<TextPart> output)
    {
        if (_bytes.Count == 0)
            return;
        try
        {
            output.Add(new TextPart(s_strict.GetString([.. _bytes]), true));
        }
        catch (DecoderFallbackException)
        {
            output.AddRange(_bytes.Select(_ => new TextPart("\uFFFD", true)));
        }

        _bytes.Clear();
    }

    /// <summary>The byte that a token stands for, or null.</summary>
    public static byte? Byte(string token) =>
        token.Length == 6
        && token.StartsWith("<0x", StringComparison.Ordinal)
        && token[5] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            ? code
            : null;
}
