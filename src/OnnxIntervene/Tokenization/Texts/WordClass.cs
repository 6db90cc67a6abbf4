using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// Writes out what <c>\w</c>, <c>\W</c>, <c>\b</c> and <c>\B</c> mean in Oniguruma: its words have all marks, and
/// letters that are numbers, where those of .NET end at many vowel signs of Indic scripts.
/// </summary>
internal static class WordClass
{
    // CR_Word of Oniguruma's src/unicode_property_data.c, in the basic plane.
    private const string InSet = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9";

    // Alone, the class also has the superscripts and fractions of Latin-1.
    private const string Word = $@"{InSet}\u00B2\u00B3\u00B9\u00BC-\u00BE";
    private const string Before = $"(?<=[{Word}])";
    private const string NotBefore = $"(?<![{Word}])";
    private const string After = $"(?=[{Word}])";
    private const string NotAfter = $"(?![{Word}])";

    /// <summary>A regular expression without sets in sets, with these classes written out.</summary>
    public static string WrittenOut(string pattern)
    {
        var text = new StringBuilder(pattern.Length);
        for (var index = 0; index < pattern.Length; )
        {
            var length =
                pattern[index] == '[' ? SetLength(pattern.AsSpan(index))
                : pattern[index] == '\\' && index + 1 < pattern.Length ? 2
                : 1;
            var part = pattern.AsSpan(index, length);
            text.Append(part[0] == '[' ? Set(part.ToString()) : Escape(part));
            index += length;
        }

        return text.ToString();
    }

    // How long the set is with which a text begins. The bracket that opens it may be followed by another.
    private static int SetLength(ReadOnlySpan<char> text)
    {
        var index = text.StartsWith("[^") ? 2 : 1;
        if (index < text.Length && text[index] == ']')
            index++;
        while (index < text.Length && text[index] != ']')
            index += text[index] == '\\' ? 2 : 1;
        return Math.Min(index + 1, text.Length);
    }

    private static string Escape(ReadOnlySpan<char> part) =>
        part switch
        {
            @"\w" => $"[{Word}]",
            @"\W" => $"[^{Word}]",
            @"\b" => $"(?:{Before}{NotAfter}|{NotBefore}{After})",
            @"\B" => $"(?:{Before}{After}|{NotBefore}{NotAfter})",
            _ => part.ToString(),
        };

    // A set cannot hold what is not in another, but one of two sets may match, or both.
    private static string Set(string set)
    {
        var isNegated = set.StartsWith("[^", StringComparison.Ordinal);
        var rest = new StringBuilder(set.Length);
        var hasOthers = false;
        for (var index = isNegated ? 2 : 1; index < set.Length - 1; index++)
        {
            var part = set[index] == '\\' ? set.AsSpan(index++, 2) : set.AsSpan(index, 1);
            hasOthers |= part is @"\W";
            rest.Append(
                part switch
                {
                    @"\w" => InSet,
                    @"\W" => "",
                    _ => part,
                }
            );
        }

        return (hasOthers, rest.Length > 0, isNegated) switch
        {
            (false, _, false) => $"[{rest}]",
            (false, _, true) => $"[^{rest}]",
            (true, false, false) => $"[^{InSet}]",
            (true, false, true) => $"[{InSet}]",
            (true, true, false) => $"(?:[{rest}]|[^{InSet}])",
            (true, true, true) => $"(?:(?![{rest}])[{InSet}])",
        };
    }
}
