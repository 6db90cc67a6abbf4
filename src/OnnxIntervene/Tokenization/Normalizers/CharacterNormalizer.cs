using System.Globalization;
using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Normalizers;

/// <summary>Each character is replaced by others, or by none.</summary>
internal sealed class CharacterNormalizer(Func<Rune, IEnumerable<Rune>> change, Func<string, Exception> fault)
    : Normalizer
{
    private static readonly Rune s_space = new(' ');

    public override TrackedText Apply(TrackedText text)
    {
        var builder = new TrackedTextBuilder(text, fault);
        for (var index = 0; index < text.Length; )
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(index), out var rune, out var length);
            foreach (var part in change(rune))
                builder.Add(part, (text.Start(index), text.End(index + length - 1)));
            index += length;
        }

        return builder.Build();
    }

    /// <summary>No marks: what is left of accents after form D.</summary>
    public static IEnumerable<Rune> WithoutMarks(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark
            ? []
            : [rune];

    /// <summary>Control characters removed and white space as spaces, as in SentencePiece's nmt rule.</summary>
    public static IEnumerable<Rune> Cleaned(Rune rune) =>
        rune.Value switch
        {
            (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F => [],
            0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) => [s_space],
            0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => [s_space],
            _ => [rune],
        };
}
