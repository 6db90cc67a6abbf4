namespace OnnxIntervene.Tokenization.Models;

/// <summary>Which pairs of tokens are merged, and which before which. Immutable.</summary>
internal sealed class Merges
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _pairs;

    private Merges(Dictionary<(int Left, int Right), (int Rank, int Id)> pairs) => _pairs = pairs;

    /// <summary>Merges in their order; a merge drops the prefix of tokens that do not begin a word.</summary>
    public static Merges Of(
        Vocabulary vocabulary,
        IEnumerable<(string Left, string Right, Func<string, Exception> Fault)> merges,
        string prefix = ""
    )
    {
        var pairs = new Dictionary<(int Left, int Right), (int Rank, int Id)>();
        foreach (var (left, right, fault) in merges)
        {
            var rest = prefix.Length > 0 && right.StartsWith(prefix, StringComparison.Ordinal) ? prefix.Length : 0;
            if (
                vocabulary.Find(left) is not { } first
                || vocabulary.Find(right) is not { } second
                || vocabulary.Find(left + right[rest..]) is not { } whole
            )
                throw fault($"the merge '{left} {right}' is not of tokens in the vocabulary");
            if (!pairs.TryAdd((first, second), (pairs.Count, whole)))
                throw fault($"the merge '{left} {right}' stands twice");
        }

        return new Merges(pairs);
    }

    /// <summary>Merges symbols as long as pairs are left; the first in order first, then from the left.</summary>
    public void Apply(List<Symbol> symbols)
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
            if (symbols[left].Id < 0 || right == symbols.Count || Find(left, right) is not { } merge)
                continue;
            if (merge.Rank != order.Rank)
                continue;
            symbols[left] = new Symbol(merge.Id, symbols[left].Start, symbols[right].End);
            symbols[right] = symbols[right] with { Id = Symbol.NoToken };
            next[left] = next[right];
            if (next[left] < symbols.Count)
            {
                previous[next[left]] = left;
                Enqueue(left, next[left]);
            }

            if (previous[left] >= 0)
                Enqueue(previous[left], left);
        }

        symbols.RemoveAll(symbol => symbol.Id == Symbol.NoToken);

        (int Rank, int Id)? Find(int left, int right) =>
            _pairs.TryGetValue((symbols[left].Id, symbols[right].Id), out var merge) ? merge : null;

        void Enqueue(int left, int right)
        {
            if (Find(left, right) is { } merge)
                queue.Enqueue(left, (merge.Rank, left));
        }
    }
}

/// <summary>A token of a piece that may still be merged, and the characters of the piece that it covers.</summary>
internal readonly record struct Symbol(int Id, int Start, int End)
{
    /// <summary>The number of a symbol that is no token: unknown, or part of the one before it by now.</summary>
    public const int NoToken = -1;
}
