using System.Globalization;
using System.Text;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// Cleans text as BERT does: control characters are removed, white space becomes spaces, accents and capitals are
/// removed where the model is uncased (github.com/google-research/bert, tokenization.py).
/// </summary>
internal sealed record BertNormalizer(bool CleansText, bool SeparatesChinese, bool StripsAccents, bool Lowercases)
{
    /// <summary>The cleaned characters, each with the part of the text that it came from.</summary>
    public List<(Rune Rune, TokenSpan Span)> Normalize(ReadOnlySpan<char> text, int start)
    {
        var result = new List<(Rune, TokenSpan)>(text.Length);
        for (var index = 0; index < text.Length; )
        {
            Rune.DecodeFromUtf16(text[index..], out var rune, out var length);
            var span = new TokenSpan(start + index, start + index + length);
            foreach (var part in Normalize(rune))
                result.Add((part, span));
            index += length;
        }

        return result;
    }

    /// <summary>Whether a character is always a token of its own.</summary>
    public static bool IsPunctuation(Rune rune) =>
        rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        || Rune.IsPunctuation(rune);

    private IEnumerable<Rune> Normalize(Rune rune)
    {
        if (CleansText && (rune.Value is 0 or 0xFFFD || IsControl(rune)))
            return [];
        if (CleansText && Rune.IsWhiteSpace(rune))
            return [new Rune(' ')];
        if (SeparatesChinese && IsChinese(rune.Value))
            return [new Rune(' '), rune, new Rune(' ')];
        var parts = StripsAccents
            ? CanonicalDecomposition
                .Of(rune)
                .Where(part => Rune.GetUnicodeCategory(part) != UnicodeCategory.NonSpacingMark)
            : [rune];
        return Lowercases ? parts.SelectMany(Lowercase) : parts;
    }

    // The only capital whose lower case is two characters.
    private static IEnumerable<Rune> Lowercase(Rune rune) =>
        rune.Value == 0x130 ? [new Rune('i'), new Rune(0x307)] : [Rune.ToLowerInvariant(rune)];

    private static bool IsControl(Rune rune) =>
        rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned;

    private static bool IsChinese(int code) =>
        code
            is (>= 0x4E00 and <= 0x9FFF)
                or (>= 0x3400 and <= 0x4DBF)
                or (>= 0x20000 and <= 0x2A6DF)
                or (>= 0x2A700 and <= 0x2B73F)
                or (>= 0x2B740 and <= 0x2B81F)
                or (>= 0x2B920 and <= 0x2CEAF)
                or (>= 0xF900 and <= 0xFAFF)
                or (>= 0x2F800 and <= 0x2FA1F);
}
