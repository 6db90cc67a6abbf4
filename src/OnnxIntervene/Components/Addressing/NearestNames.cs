namespace OnnxIntervene.Components.Addressing;

/// <summary>The names that a mistyped name may mean.</summary>
internal static class NearestNames
{
    /// <summary>
    /// The <paramref name="count"/> names with the fewest edits between them and <paramref name="wanted"/>.
    /// </summary>
    public static IEnumerable<string> To(string wanted, IEnumerable<string> names, int count) =>
        names
            .Distinct()
            .OrderBy(name => Distance(wanted, name))
            .ThenBy(name => name, StringComparer.Ordinal)
            .Take(count);

    // Levenshtein's edit distance, one row at a time.
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
