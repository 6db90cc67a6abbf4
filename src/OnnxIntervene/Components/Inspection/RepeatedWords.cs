namespace OnnxIntervene.Components.Inspection;

/// <summary>
/// Finds where a text repeats itself, by the runs that cross the middles of its halves, quarters and so on (Main and
/// Lorentz, An O(n log n) algorithm for finding all repetitions in a string, 1984).
/// </summary>
internal sealed class RepeatedWords
{
    private readonly int[] _words;

    // For each distance the longest stretch of places that hold the same as the place so much later, and where it
    // begins.
    private readonly (int Start, int Run)[] _longest;

    private RepeatedWords(int[] words)
    {
        _words = words;
        _longest = new (int, int)[(words.Length / 2) + 1];
    }

    /// <summary>
    /// The stretch that consists of the most words in at least two equal sequences of at least <paramref
    /// name="shortest"/> words, of these the one with the shortest sequence, and the first. O(n log n). A count of 0
    /// when nothing is repeated.
    /// </summary>
    public static (int Start, int Length, int Count) Longest(IReadOnlyList<string> words, int shortest)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var found = new RepeatedWords([.. words.Select(word => Number(numbers, word))]);
        found.Search(0, words.Count);
        var best = (Start: 0, Length: 0, Count: 0);
        for (var length = shortest; length < found._longest.Length; length++)
        {
            var (start, run) = found._longest[length];
            var count = (run / length) + 1;
            if (count > 1 && (long)count * length > (long)best.Count * best.Length)
                best = (start, length, count);
        }

        return best;
    }

    private static int Number(Dictionary<string, int> numbers, string word)
    {
        if (!numbers.TryGetValue(word, out var number))
            numbers.Add(word, number = numbers.Count + 1);
        return number;
    }

    // A run lies in one half, or crosses the middle.
    private void Search(int start, int end)
    {
        if (end - start < 2)
            return;
        var middle = (start + end) / 2;
        Search(start, middle);
        Search(middle, end);
        Cross(start, middle, end);
    }

    private void Cross(int start, int middle, int end)
    {
        var left = _words.AsSpan(start, middle - start);
        var right = _words.AsSpan(middle, end - middle);
        var whole = _words.AsSpan(start, end - start);
        // How far the right half is equal to itself, and to the end of the left half, so many words later or earlier.
        var rightOfRight = Prefixes(right, []);
        var rightOfWhole = Prefixes(right, whole);
        var (leftBack, wholeBack) = (left.ToArray(), whole.ToArray());
        Array.Reverse(leftBack);
        Array.Reverse(wholeBack);
        var leftOfLeft = Prefixes(leftBack, []);
        var leftOfWhole = Prefixes(leftBack, wholeBack);
        for (var distance = 1; distance <= (end - start) / 2; distance++)
        {
            if (distance <= left.Length)
            {
                var before = At(leftOfLeft, distance);
                var after = At(rightOfWhole, right.Length + 1 + left.Length - distance);
                Keep(distance, middle - distance - before, before + after);
            }

            if (distance <= right.Length)
            {
                var before = At(leftOfWhole, leftBack.Length + 1 + right.Length - distance);
                Keep(distance, middle - before, before + At(rightOfRight, distance));
            }
        }
    }

    private void Keep(int distance, int start, int run)
    {
        var (bestStart, best) = _longest[distance];
        if (run > best || (run == best && start < bestStart))
            _longest[distance] = (start, run);
    }

    private static int At(int[] lengths, int place) => place < lengths.Length ? lengths[place] : 0;

    // For each place of a text, a mark that no text holds and another text, how many words from there on are those that
    // the first text begins with (its Z-function). O(n).
    private static int[] Prefixes(ReadOnlySpan<int> text, ReadOnlySpan<int> other)
    {
        int[] all = other.Length == 0 ? text.ToArray() : [.. text, 0, .. other];
        var lengths = new int[all.Length];
        for (var (place, start, end) = (1, 0, 0); place < all.Length; place++)
        {
            var length = place < end ? Math.Min(end - place, lengths[place - start]) : 0;
            while (place + length < all.Length && all[length] == all[place + length])
                length++;
            lengths[place] = length;
            if (place + length > end)
                (start, end) = (place, place + length);
        }

        return lengths;
    }
}
