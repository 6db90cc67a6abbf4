using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>Paths along which variables make a difference in one setting, and conditions on them.</summary>
public static class LivePaths
{
    /// <summary>
    /// Every path of two variables and more each of whose steps is live: setting a variable to another value changes
    /// the next one, all else being as in the run (pyvene's <c>find_live_paths</c>). Short paths come first.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="setting">The inputs' values, and those of variables that are set and not computed.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">See <see cref="CausalModel.RunForward"/>.</exception>
    public static ImmutableArray<ImmutableArray<string>> Find(CausalModel model, CausalSetting setting)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(setting);
        var live = model.Variables.ToDictionary(
            variable => variable.Name,
            variable => LiveChildren(model, setting, variable),
            StringComparer.Ordinal
        );
        var found = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
        ImmutableArray<ImmutableArray<string>> paths = [.. live.Keys.Select(ImmutableArray.Create)];
        while (!paths.IsEmpty)
        {
            paths = [.. paths.SelectMany(path => live[path[^1]].Select(child => path.Add(child)))];
            found.AddRange(paths);
        }

        return found.ToImmutable();
    }

    /// <summary>Inputs whose longest live path has one of these lengths, counted in variables.</summary>
    public static Func<CausalSetting, bool> MaxLengthFilter(CausalModel model, params IEnumerable<int> lengths)
    {
        ArgumentNullException.ThrowIfNull(model);
        var wanted = lengths.ToHashSet();
        return total => Find(model, total.Only(model.Inputs)) is [.., var longest] && wanted.Contains(longest.Length);
    }

    /// <summary>Inputs with a live path from one variable to another.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">There is no such variable.</exception>
    public static Func<CausalSetting, bool> SpecificPathFilter(CausalModel model, string start, string end)
    {
        ArgumentNullException.ThrowIfNull(model);
        var (first, last) = (model.Get(start).Name, model.Get(end).Name);
        return total => Find(model, total.Only(model.Inputs)).Any(path => path[0] == first && path[^1] == last);
    }

    /// <summary>Runs in which some variables have these values.</summary>
    public static Func<CausalSetting, bool> PartialFilter(CausalSetting partial)
    {
        ArgumentNullException.ThrowIfNull(partial);
        return total =>
            partial.Values.All(entry => total.TryGet(entry.Key, out var value) && value.Equals(entry.Value));
    }

    private static ImmutableArray<string> LiveChildren(
        CausalModel model,
        CausalSetting setting,
        CausalVariable variable
    )
    {
        var children = model.ChildrenOf(variable.Name);
        if (children.IsEmpty)
            return [];
        var actual = model.RunForward(setting);
        var others = variable.Values.Select(value => model.RunForward(setting.With(variable.Name, value))).ToList();
        return [.. children.Where(child => others.Any(other => !other[child].Equals(actual[child])))];
    }
}
