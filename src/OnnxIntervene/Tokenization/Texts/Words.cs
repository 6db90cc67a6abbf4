using System.Globalization;
using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>Classes of characters as Unicode and Hugging Face's tokenizers have them.</summary>
internal static class Words
{
    /// <summary>Whether a character belongs to words: <c>\w</c> of Unicode Technical Standard 18.</summary>
    public static bool IsPart(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
        || rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9);

    /// <summary>Whether a character is one of BERT's punctuation marks.</summary>
    public static bool IsPunctuation(Rune rune) =>
        rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        || Rune.IsPunctuation(rune);

    /// <summary>Lower case, by character and without a culture.</summary>
    // The only capital whose lower case is two characters.
    public static IEnumerable<Rune> Lowercase(Rune rune) =>
        rune.Value == 0x130 ? [new Rune('i'), new Rune(0x307)] : [Rune.ToLowerInvariant(rune)];
}
