using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// For each category of characters one of the basic plane that a regular expression does not name, and so treats as any
/// other of the category. Immutable.
/// </summary>
internal sealed partial class StandIns
{
    private const char FirstCandidate = '\u0100';
    private readonly ImmutableArray<char> _characters;

    private StandIns(ImmutableArray<char> characters) => _characters = characters;

    /// <summary>Those for an expression that names no ranges of characters beyond Latin-1.</summary>
    public static StandIns Usual { get; } = For("");

    /// <summary>The character of a category.</summary>
    public char Of(UnicodeCategory category) => _characters[(int)category];

    /// <summary>Those for an expression.</summary>
    public static StandIns For(string pattern)
    {
        var ranges = Ranges()
            .Matches(pattern)
            .Select(range => (First: Code(range.Groups[1]), Last: Code(range.Groups[2])))
            .ToList();
        // U+2603 and U+0378 where a category has no character that is free.
        var characters = Enumerable.Repeat('\u2603', (int)UnicodeCategory.OtherNotAssigned + 1).ToArray();
        characters[(int)UnicodeCategory.OtherNotAssigned] = '\u0378';
        var isFound = new bool[characters.Length];
        for (int code = FirstCandidate; code <= char.MaxValue; code++)
        {
            var category = (int)char.GetUnicodeCategory((char)code);
            if (isFound[category] || ranges.Exists(range => range.First <= code && code <= range.Last))
                continue;
            (characters[category], isFound[category]) = ((char)code, !pattern.Contains((char)code));
        }

        return new StandIns([.. characters]);
    }

    private static int Code(Group written) =>
        written.Value.StartsWith("\\u", StringComparison.Ordinal)
            ? int.Parse(written.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : written.Value[^1];

    // A range in a set: two characters, each written as itself or by its number.
    [GeneratedRegex(@"(\\u[0-9A-Fa-f]{4}|.)-(\\u[0-9A-Fa-f]{4}|.)", RegexOptions.Singleline)]
    private static partial Regex Ranges();
}
