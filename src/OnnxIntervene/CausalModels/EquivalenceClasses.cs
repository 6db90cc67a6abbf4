using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// For each computed variable and each of its values, the values of its parents that give it (pyvene's
/// <c>generate_equiv_classes</c>). Made for a variable when it is first asked for. Safe for concurrent use.
/// </summary>
public sealed class EquivalenceClasses
{
    // The values of a variable's parents are listed all.
    private const int MostCombinations = 1 << 22;

    private readonly CausalModel _model;
    private readonly ImmutableDictionary<string, Lazy<Classes>> _classes;

    /// <summary>The classes of a model.</summary>
    public EquivalenceClasses(CausalModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _classes = model
            .Variables.Where(variable => !variable.IsInput)
            .ToImmutableDictionary(
                variable => variable.Name,
                variable => new Lazy<Classes>(() => Make(variable)),
                StringComparer.Ordinal
            );
    }

    /// <summary>The parents' values that give a variable a value, in the order of its parents.</summary>
    /// <param name="variable">A computed variable.</param>
    /// <param name="value">One of its values.</param>
    /// <exception cref="InterventionException">
    /// There is no such variable, it is an input, it cannot be the value, a parent can be anything, or the parents have
    /// more than four million combinations of values.
    /// </exception>
    public ImmutableArray<ImmutableArray<CausalValue>> Of(string variable, CausalValue value)
    {
        CausalModel.Require(_model.Get(variable), value);
        return ClassesOf(variable).All[value];
    }

    /// <summary>The values that a variable takes for some input.</summary>
    /// <exception cref="InterventionException">See <see cref="Of"/>.</exception>
    public ImmutableArray<CausalValue> ReachableValues(string variable)
    {
        var known = _model.Get(variable);
        return known.IsInput ? known.Values : ClassesOf(variable).Reachable;
    }

    /// <summary>The parents' values that give a variable a value, and that inputs can give them.</summary>
    internal ImmutableArray<ImmutableArray<CausalValue>> Reachable(string variable, CausalValue value) =>
        ClassesOf(variable).ReachableBy[value];

    /// <summary>Computes a variable for all that its parents can be, unless these are more than a limit.</summary>
    /// <exception cref="InterventionException">The function gives none of the variable's values.</exception>
    internal void Try(CausalVariable variable, int limit)
    {
        var parents = variable.Parents.Select(parent => _model.Get(parent).Values).ToList();
        if (SizeProduct.Of([.. parents.Select(values => values.Length)]) is not { } count || count > limit)
            return;
        foreach (var combination in Combinations(parents))
            CausalModel.Compute(variable, combination);
    }

    private Classes ClassesOf(string variable) =>
        _classes.TryGetValue(_model.Get(variable).Name, out var classes)
            ? classes.Value
            : throw new InterventionException($"'{variable}' is an input: nothing gives it its values.");

    private Classes Make(CausalVariable variable)
    {
        var parents = variable.Parents.Select(parent => Finite(variable, _model.Get(parent))).ToList();
        var reachable = variable.Parents.Select(parent => ReachableValues(parent).ToHashSet()).ToList();
        var (all, possible) = (Empty(variable), Empty(variable));
        foreach (var combination in Combinations(parents))
        {
            var value = CausalModel.Compute(variable, combination);
            all[value].Add(combination);
            if (combination.Zip(reachable).All(pair => pair.Second.Contains(pair.First)))
                possible[value].Add(combination);
        }

        return new Classes(
            Frozen(all),
            Frozen(possible),
            [.. variable.Values.Where(value => possible[value].Count > 0)]
        );
    }

    private static ImmutableArray<CausalValue> Finite(CausalVariable variable, CausalVariable parent) =>
        parent.Values.IsEmpty
            ? throw new InterventionException(
                $"'{parent.Name}' can be anything, so the values of '{variable.Name}' cannot be traced back to it. "
                    + "List what it can be, or give a sampler of your own."
            )
            : parent.Values;

    private static IEnumerable<ImmutableArray<CausalValue>> Combinations(List<ImmutableArray<CausalValue>> parents)
    {
        var count = SizeProduct.Of([.. parents.Select(values => values.Length)]);
        if (count is null or > MostCombinations)
            throw new InterventionException(
                $"The parents have {(count is null ? "too many" : $"{count}")} combinations of values; at most "
                    + $"{MostCombinations} are listed. Give a sampler of your own."
            );
        for (var number = 0; number < count; number++)
        {
            var rest = number;
            var combination = new CausalValue[parents.Count];
            for (var index = parents.Count - 1; index >= 0; index--)
            {
                combination[index] = parents[index][rest % parents[index].Length];
                rest /= parents[index].Length;
            }

            yield return [.. combination];
        }
    }

    private static Dictionary<CausalValue, List<ImmutableArray<CausalValue>>> Empty(CausalVariable variable) =>
        variable.Values.ToDictionary(value => value, _ => new List<ImmutableArray<CausalValue>>());

    private static ImmutableDictionary<CausalValue, ImmutableArray<ImmutableArray<CausalValue>>> Frozen(
        Dictionary<CausalValue, List<ImmutableArray<CausalValue>>> classes
    ) => classes.ToImmutableDictionary(entry => entry.Key, entry => entry.Value.ToImmutableArray());

    /// <summary>The classes of one variable.</summary>
    private sealed record Classes(
        ImmutableDictionary<CausalValue, ImmutableArray<ImmutableArray<CausalValue>>> All,
        ImmutableDictionary<CausalValue, ImmutableArray<ImmutableArray<CausalValue>>> ReachableBy,
        ImmutableArray<CausalValue> Reachable
    );
}
