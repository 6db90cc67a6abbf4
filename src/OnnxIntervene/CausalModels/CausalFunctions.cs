using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>Functions of causal models that descriptions in files may name.</summary>
public static class CausalFunctions
{
    /// <summary>Whether all parents are equal.</summary>
    public static CausalFunction Equal { get; } = parents => parents.All(parent => parent.Equals(parents[0]));

    /// <summary>Whether all parents are true.</summary>
    public static CausalFunction And { get; } = parents => parents.All(parent => parent.IsTrue);

    /// <summary>Whether a parent is true.</summary>
    public static CausalFunction Or { get; } = parents => parents.Any(parent => parent.IsTrue);

    /// <summary>Whether the parent is false.</summary>
    public static CausalFunction Not { get; } = parents => !parents[0].IsTrue;

    /// <summary>Whether an odd number of parents is true.</summary>
    public static CausalFunction Xor { get; } = parents => parents.Count(parent => parent.IsTrue) % 2 == 1;

    /// <summary>Whether the first parent is less than the second.</summary>
    public static CausalFunction Less { get; } = parents => parents[0].Number < parents[1].Number;

    /// <summary>Whether the first parent is at most the second.</summary>
    public static CausalFunction LessOrEqual { get; } = parents => parents[0].Number <= parents[1].Number;

    /// <summary>Whether the first parent is at least the second and at most the third.</summary>
    public static CausalFunction InRange { get; } =
        parents => parents[1].Number <= parents[0].Number && parents[0].Number <= parents[2].Number;

    /// <summary>The parent itself.</summary>
    public static CausalFunction Copy { get; } = parents => parents[0];

    /// <summary>A value for each combination of the parents' values.</summary>
    /// <param name="cases">The combinations that are listed.</param>
    /// <param name="otherwise">The value of all others; null where there must be none.</param>
    public static CausalFunction Table(
        IEnumerable<(ImmutableArray<CausalValue> Parents, CausalValue Value)> cases,
        CausalValue? otherwise = null
    )
    {
        ArgumentNullException.ThrowIfNull(cases);
        var table = new Dictionary<ImmutableArray<CausalValue>, CausalValue>(new SameValues());
        foreach (var (parents, value) in cases)
        {
            if (!table.TryAdd(parents, value))
                throw new InterventionException($"The table has two cases for {string.Join(", ", parents)}.");
        }

        return parents =>
            table.TryGetValue(parents, out var value) ? value
            : otherwise is not null ? otherwise
            : throw new InterventionException($"The table has no case for {string.Join(", ", parents)}.");
    }

    /// <summary>Compares combinations of values by their contents.</summary>
    private sealed class SameValues : IEqualityComparer<ImmutableArray<CausalValue>>
    {
        public bool Equals(ImmutableArray<CausalValue> left, ImmutableArray<CausalValue> right) =>
            left.SequenceEqual(right);

        public int GetHashCode(ImmutableArray<CausalValue> values) =>
            values.Aggregate(values.Length, (hash, value) => HashCode.Combine(hash, value));
    }
}
