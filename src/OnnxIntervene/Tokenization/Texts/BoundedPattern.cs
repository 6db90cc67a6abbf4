using System.Buffers;
using System.Diagnostics;
using System.Text.RegularExpressions;
using OnnxIntervene.Json;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// What a tokenizer's file looks for in a text: a text or a regular expression of Oniguruma, of which the part is taken
/// that means the same in .NET. A stranger's expression may take seconds, not hours.
/// </summary>
internal sealed class BoundedPattern
{
    private const int LongestPattern = 20_000;
    private static readonly TimeSpan s_longestMatch = TimeSpan.FromSeconds(2);

    // The time for a text: expressions in use take a microsecond a character.
    private static readonly TimeSpan s_longestText = TimeSpan.FromSeconds(10);
    private const double SecondsPerCharacter = 1e-5;

    private static readonly SearchValues<char> s_options = SearchValues.Create("imnsx-");

    private readonly Regex _regex;
    private readonly StandIns _standIns;
    private readonly Func<string, Exception> _fault;

    private BoundedPattern(Regex regex, StandIns standIns, Func<string, Exception> fault) =>
        (_regex, _standIns, _fault) = (regex, standIns, fault);

    /// <summary>Reads <c>{"String": …}</c> or <c>{"Regex": …}</c>; null for an empty one, found nowhere.</summary>
    public static BoundedPattern? Read(JsonPlace place)
    {
        var text = place.WithObject("a pattern").Find("String");
        var written = text ?? place["Regex"];
        var pattern = written.Text("a pattern, \"String\" or \"Regex\"");
        if (pattern.Length > LongestPattern)
            throw written.Fault($"a pattern has at most {LongestPattern} characters, not {pattern.Length}");
        if (pattern.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            throw written.Fault("a pattern with characters beyond U+FFFF is not supported");
        if (pattern.Length == 0)
            return null;
        var expression = text is null ? pattern : Regex.Escape(pattern);
        return new BoundedPattern(Compile(expression, written), StandIns.For(expression), written.LaterFault());
    }

    /// <summary>
    /// Where the pattern is found, as ranges of UTF-16 characters. A range is empty where the pattern matches between
    /// two characters; as in Oniguruma, that is none where the match before ends.
    /// </summary>
    public List<(int Start, int End)> Find(string text)
    {
        var points = new CodePoints(text, _standIns);
        var found = new List<(int Start, int End)>();
        var limit = s_longestText.TotalSeconds + (text.Length * SecondsPerCharacter);
        var started = Stopwatch.GetTimestamp();
        var before = -1;
        try
        {
            foreach (var match in _regex.EnumerateMatches(points.Shape))
            {
                var end = match.Index + match.Length;
                if (match.Length > 0 || match.Index != before)
                    found.Add((points.Offset(match.Index), points.Offset(end)));
                before = end;
                if (Stopwatch.GetElapsedTime(started).TotalSeconds > limit)
                    throw TooSlow(text.Length);
            }
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooSlow(text.Length);
        }

        return found;
    }

    private Exception TooSlow(int length) =>
        _fault(
            $"the regular expression takes too long on a text of {length} characters. Simplify it, or give token ids"
        );

    private static Regex Compile(string pattern, JsonPlace place)
    {
        if (Foreign(pattern) is { } foreign)
            throw place.Fault($"'{foreign}' in a regular expression is not supported");
        try
        {
            return new Regex(
                WordClass.WrittenOut(pattern),
                RegexOptions.CultureInvariant | RegexOptions.Multiline,
                s_longestMatch
            );
        }
        catch (ArgumentException fault)
        {
            throw place.Fault($"the regular expression is not supported: {fault.Message}");
        }
    }

    // What .NET reads as something else: sets in sets, intersections of sets, and the option m.
    private static string? Foreign(string pattern)
    {
        var isInSet = false;
        for (var index = 0; index < pattern.Length; index++)
        {
            var rest = pattern.AsSpan(index);
            if (rest[0] == '\\')
                index++;
            else if (isInSet && rest[0] == ']')
                isInSet = false;
            else if (isInSet && (rest[0] == '[' || rest.StartsWith("&&")))
                return rest[0] == '[' ? "a set in a set" : "&&";
            else if (!isInSet && rest.StartsWith("(?") && HasOptionM(rest[2..]))
                return "the option m";
            else if (!isInSet && rest[0] == '[')
                (isInSet, index) = (true, index + FirstOfSet(rest));
        }

        return null;
    }

    private static bool HasOptionM(ReadOnlySpan<char> options) =>
        options[..Math.Max(0, options.IndexOfAnyExcept(s_options))].Contains('m');

    // A bracket that opens a set may be followed by ^, and then by a ] that does not close it.
    private static int FirstOfSet(ReadOnlySpan<char> set)
    {
        var skipped = set.StartsWith("[^") ? 1 : 0;
        return set[(skipped + 1)..].StartsWith("]") ? skipped + 1 : skipped;
    }
}
