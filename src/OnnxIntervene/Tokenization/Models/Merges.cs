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

        pairs.TrimExcess();
        return new Merges(pairs);
    }

    /// <summary>Merges symbols as long as pairs are left; the first in order first, then from the left.</summary>
    public void Apply(List<Symbol> symbols) =>
        MergeQueue.Apply(
            symbols,
            (left, right) => _pairs.TryGetValue((left.Id, right.Id), out var merge) ? merge : null
        );
}
