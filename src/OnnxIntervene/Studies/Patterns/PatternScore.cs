using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>
/// How much a head's attention is of a known kind, from 0 to 1; the kinds are those of Elhage et al. 2021 ("A
/// Mathematical Framework for Transformer Circuits"), Olsson et al. 2022 (arXiv:2209.11895) and Wang et al. 2022
/// (arXiv:2211.00593). p is the probability that a query (first index) gives a key (second index), t are the tokens.
/// Immutable.
/// </summary>
public sealed class PatternScore
{
    private readonly Func<int, ImmutableArray<int>, IEnumerable<int>?> _keys;

    private PatternScore(string name, string title, Func<int, ImmutableArray<int>, IEnumerable<int>?> keys) =>
        (Name, Title, _keys) = (name, title, keys);

    /// <summary>The mean of p[i, i − 1] over i ≥ 1.</summary>
    public static PatternScore PreviousToken { get; } =
        new("previous-token", "previous token", (query, _) => query == 0 ? null : [query - 1]);

    /// <summary>
    /// The mean of Σ p[i, j] over j &lt; i with t[j] = t[i], over the positions i whose token occurred before.
    /// </summary>
    public static PatternScore DuplicateToken { get; } =
        new("duplicate-token", "duplicate token", (query, tokens) => Earlier(query, tokens));

    /// <summary>
    /// The mean of Σ p[i, j + 1] over j + 1 &lt; i with t[j] = t[i], over the positions i whose token occurred before,
    /// not counting the one before i: the attention to what followed it then. On a random sequence repeated once, that
    /// is p[i, i − n + 1] for the n positions of the repetition, as TransformerLens and ARENA measure it (their
    /// diagonal also holds the position before the repetition and those that a beginning-of-text token adds).
    /// </summary>
    public static PatternScore Induction { get; } =
        new(
            "induction",
            "induction",
            (query, tokens) =>
                Earlier(query, tokens)?.Select(key => key + 1).Where(key => key < query).ToList() is { Count: > 0 } keys
                    ? keys
                    : null
        );

    /// <summary>All of them.</summary>
    public static ImmutableArray<PatternScore> All { get; } = [PreviousToken, DuplicateToken, Induction];

    /// <summary>What it is called in files.</summary>
    public string Name { get; }

    /// <summary>What it is called in titles.</summary>
    public string Title { get; }

    /// <summary>The score of one head.</summary>
    /// <param name="pattern">Its probabilities, <c>[query, key]</c>.</param>
    /// <param name="tokens">The tokens.</param>
    /// <returns>The score; NaN where no position counts, as where no token occurs twice.</returns>
    public double Of(NumericArray pattern, ImmutableArray<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        var (sum, count) = (0.0, 0);
        for (var query = 0; query < tokens.Length; query++)
        {
            if (_keys(query, tokens) is not { } keys)
                continue;
            var row = pattern.Row(query).FloatMemory;
            sum += keys.Sum(key => (double)row.Span[key]);
            count++;
        }

        return count == 0 ? double.NaN : sum / count;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static List<int>? Earlier(int query, ImmutableArray<int> tokens)
    {
        var earlier = new List<int>();
        for (var key = 0; key < query; key++)
        {
            if (tokens[key] == tokens[query])
                earlier.Add(key);
        }

        return earlier.Count == 0 ? null : earlier;
    }
}
