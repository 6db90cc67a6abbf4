using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Lists of numbers as people write them: <c>0-5,7</c>.</summary>
internal static class NumberRanges
{
    private const int Most = 100_000;

    /// <summary>The numbers; none when the text is null.</summary>
    /// <exception cref="InterventionException">The text is not such a list.</exception>
    public static ImmutableArray<int> Parse(string? text, string option)
    {
        if (text is null)
            return [];
        var numbers = ImmutableArray.CreateBuilder<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (
                ends.Length > 2
                || !TryParse(ends[0], out var first)
                || !TryParse(ends[^1], out var last)
                || last < first
            )
                throw new InterventionException($"{option}: '{part}' is not a number or range. Write 0-5,7.");
            numbers.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return [.. numbers.Distinct()];
    }

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < Most;
}
