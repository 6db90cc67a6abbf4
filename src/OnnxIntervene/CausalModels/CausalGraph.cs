using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>The variables of a causal model in an order in which they can be computed. Immutable.</summary>
internal sealed class CausalGraph
{
    private readonly ImmutableDictionary<string, CausalVariable> _byName;
    private readonly ImmutableDictionary<string, ImmutableArray<string>> _children;
    private readonly ImmutableDictionary<string, int> _timesteps;

    /// <summary>Checks variables and orders them.</summary>
    /// <exception cref="InterventionException">
    /// A name stands twice, a parent is missing, values stand twice or are left out, or variables form a circle.
    /// </exception>
    public CausalGraph(ImmutableArray<CausalVariable> variables)
    {
        if (variables.IsDefaultOrEmpty)
            throw new InterventionException("The causal model has no variables.");
        if (variables.GroupBy(variable => variable.Name).FirstOrDefault(group => group.Skip(1).Any()) is { } twice)
            throw new InterventionException($"The causal model has two variables '{twice.Key}'.");
        _byName = variables.ToImmutableDictionary(variable => variable.Name, StringComparer.Ordinal);
        foreach (var variable in variables)
            Check(variable);
        _children = _byName.ToImmutableDictionary(
            entry => entry.Key,
            entry =>
                variables
                    .Where(child => child.Parents.Contains(entry.Key))
                    .Select(child => child.Name)
                    .ToImmutableArray(),
            StringComparer.Ordinal
        );
        _timesteps = Timesteps(variables);
        Ordered = [.. variables.OrderBy(variable => _timesteps[variable.Name])];
    }

    /// <summary>The variables by timestep, then as they were given.</summary>
    public ImmutableArray<CausalVariable> Ordered { get; }

    public ImmutableArray<string> ChildrenOf(string name) => _children[Get(name).Name];

    public int TimestepOf(string name) => _timesteps[Get(name).Name];

    public CausalVariable? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A variable.</summary>
    /// <exception cref="InterventionException">There is none of this name.</exception>
    public CausalVariable Get(string name) =>
        Find(name)
        ?? throw new InterventionException(
            $"The causal model has no variable '{name}'. It has: "
                + $"{string.Join(", ", Ordered.Select(known => known.Name))}."
        );

    private void Check(CausalVariable variable)
    {
        foreach (var parent in variable.Parents.Where(parent => Find(parent) is null))
            throw new InterventionException(
                $"'{variable.Name}' is computed from '{parent}', which is not a variable. The variables are: "
                    + $"{string.Join(", ", _byName.Keys.Order(StringComparer.Ordinal))}."
            );
        if (variable.Values.IsEmpty && !variable.IsInput)
            throw new InterventionException($"'{variable.Name}' has no values; list what it can be.");
        var seen = new HashSet<CausalValue>();
        foreach (var value in variable.Values.Where(value => !seen.Add(value)))
            throw new InterventionException($"'{variable.Name}': the value {value} stands twice.");
        if (variable.Default is { } given && !variable.Values.IsEmpty && !seen.Contains(given))
            throw new InterventionException($"'{variable.Name}': the default {given} is none of its values.");
    }

    // The longest way from an input; outputs come last (pyvene's generate_timesteps).
    private ImmutableDictionary<string, int> Timesteps(ImmutableArray<CausalVariable> variables)
    {
        var steps = new Dictionary<string, int>(StringComparer.Ordinal);
        var left = variables.ToList();
        for (var step = 0; left.Count > 0; step++)
        {
            var ready = left.Where(variable => variable.Parents.All(steps.ContainsKey)).ToList();
            if (ready.Count == 0)
                throw new InterventionException($"The causal model's variables form a circle: {CircleAmong(left)}.");
            foreach (var variable in ready)
                steps[variable.Name] = step;
            left.RemoveAll(ready.Contains);
        }

        var last = steps.Values.Max();
        foreach (var output in variables.Where(variable => !variable.IsInput && _children[variable.Name].IsEmpty))
            steps[output.Name] = last;
        return steps.ToImmutableDictionary(StringComparer.Ordinal);
    }

    // Every variable that is left has a parent that is left: going up must come back.
    private string CircleAmong(List<CausalVariable> left)
    {
        var names = left.Select(variable => variable.Name).ToHashSet(StringComparer.Ordinal);
        var path = new List<string> { left[0].Name };
        while (true)
        {
            var parent = _byName[path[^1]].Parents.First(names.Contains);
            var start = path.IndexOf(parent);
            path.Add(parent);
            if (start >= 0)
                return string.Join(" → ", path.Skip(start).Reverse());
        }
    }
}
