using System.Globalization;
using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Normalizers;

/// <summary>
/// Cleans text as BERT does: control characters are removed, white space becomes spaces, accents and capitals are
/// removed where the model is uncased (github.com/google-research/bert, tokenization.py).
/// </summary>
internal sealed class BertNormalizer : Normalizer
{
    private readonly CharacterNormalizer _characters;

    public BertNormalizer(
        bool cleansText,
        bool separatesChinese,
        bool stripsAccents,
        bool lowercases,
        Func<string, Exception> fault
    ) =>
        _characters = new CharacterNormalizer(
            rune => Change(rune, cleansText, separatesChinese, stripsAccents, lowercases),
            fault
        );

    public override TrackedText Apply(TrackedText text) => _characters.Apply(text);

    private static IEnumerable<Rune> Change(
        Rune rune,
        bool cleansText,
        bool separatesChinese,
        bool stripsAccents,
        bool lowercases
    )
    {
        if (cleansText && (rune.Value is 0 or 0xFFFD || IsControl(rune)))
            return [];
        if (cleansText && Rune.IsWhiteSpace(rune))
            return [new Rune(' ')];
        if (separatesChinese && IsChinese(rune.Value))
            return [new Rune(' '), rune, new Rune(' ')];
        var parts = stripsAccents
            ? CanonicalDecomposition
                .Of(rune)
                .Where(part => Rune.GetUnicodeCategory(part) != UnicodeCategory.NonSpacingMark)
            : [rune];
        return lowercases ? parts.SelectMany(Words.Lowercase) : parts;
    }

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
