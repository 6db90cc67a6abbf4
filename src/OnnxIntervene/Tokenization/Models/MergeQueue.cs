namespace OnnxIntervene.Tokenization.Models;

/// <summary>A token of a piece that may still be merged, and the characters of the piece that it covers.</summary>
internal readonly record struct Symbol(int Id, int Start, int End)
{
    /// <summary>The number of a symbol that is no token: unknown, or part of the one before it by now.</summary>
    public const int NoToken = -1;

    /// <summary>The number of a symbol that was merged into the one before it.</summary>
    public const int Merged = -2;
}

/// <summary>Merges neighbours as byte-pair encoding does.</summary>
internal static class MergeQueue
{
    /// <summary>Merges symbols as long as pairs are left; the first in order first, then from the left.</summary>
    /// <param name="symbols">The symbols, in the order of the text; those that are left stay.</param>
    /// <param name="find">The place in order of a pair's merge, and the token that it makes.</param>
    public static void Apply(List<Symbol> symbols, Func<Symbol, Symbol, (int Rank, int Id)?> find)
    {
        if (symbols.Count < 2)
            return;
        var (next, previous) = (new int[symbols.Count], new int[symbols.Count]);
        var queue = new PriorityQueue<int, (int Rank, int Position)>(symbols.Count);
        for (var index = 0; index < symbols.Count; index++)
        {
            (next[index], previous[index]) = (index + 1, index - 1);
            if (index + 1 < symbols.Count)
                Enqueue(index, index + 1);
        }

        while (queue.TryDequeue(out var left, out var order))
        {
            var right = next[left];
            // The pair may have changed since it was queued.
            if (
                symbols[left].Id == Symbol.Merged
                || right == symbols.Count
                || find(symbols[left], symbols[right]) is not { } merge
            )
                continue;
            if (merge.Rank != order.Rank)
                continue;
            symbols[left] = new Symbol(merge.Id, symbols[left].Start, symbols[right].End);
            symbols[right] = symbols[right] with { Id = Symbol.Merged };
            next[left] = next[right];
            if (next[left] < symbols.Count)
            {
                previous[next[left]] = left;
                Enqueue(left, next[left]);
            }

            if (previous[left] >= 0)
                Enqueue(previous[left], left);
        }

        symbols.RemoveAll(symbol => symbol.Id == Symbol.Merged);

        void Enqueue(int left, int right)
        {
            if (find(symbols[left], symbols[right]) is { } merge)
                queue.Enqueue(left, (merge.Rank, left));
        }
    }
}
