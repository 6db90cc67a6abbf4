using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// A hypothesis of how a task is solved: variables, what they can be, and how each is computed from others (pyvene's
/// <c>CausalModel</c>; Geiger et al. 2021). Immutable.
/// </summary>
public sealed class CausalModel
{
    private readonly CausalGraph _graph;

    /// <summary>Makes a model of variables, given in any order.</summary>
    /// <exception cref="InterventionException">
    /// A name stands twice, a parent is no variable, or variables form a circle; the message names them.
    /// </exception>
    public CausalModel(params IEnumerable<CausalVariable> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        _graph = new CausalGraph([.. variables]);
        Inputs = [.. Variables.Where(variable => variable.IsInput)];
        Outputs = [.. Variables.Where(variable => !variable.IsInput && ChildrenOf(variable.Name).IsEmpty)];
        Intermediates = [.. Variables.Except(Inputs).Except(Outputs)];
    }

    /// <summary>The variables by timestep; within one in the order in which they were given.</summary>
    public ImmutableArray<CausalVariable> Variables => _graph.Ordered;

    /// <summary>The variables that are given.</summary>
    public ImmutableArray<CausalVariable> Inputs { get; }

    /// <summary>The variables that are computed and that nothing else is computed from.</summary>
    public ImmutableArray<CausalVariable> Outputs { get; }

    /// <summary>The variables between inputs and outputs: those that are looked for in a network.</summary>
    public ImmutableArray<CausalVariable> Intermediates { get; }

    /// <summary>A variable.</summary>
    /// <exception cref="InterventionException">There is none of this name.</exception>
    public CausalVariable Get(string name) => _graph.Get(name);

    /// <summary>An intermediate variable.</summary>
    /// <exception cref="InterventionException">There is none of this name, or it is an input or output.</exception>
    public CausalVariable GetIntermediate(string name) =>
        Intermediates.FirstOrDefault(variable => variable.Name == name)
        ?? throw new InterventionException(
            $"'{Get(name).Name}' is an input or output; variables between these are: "
                + $"{string.Join(", ", Intermediates.Select(variable => variable.Name))}."
        );

    /// <summary>The variables that are computed from one.</summary>
    /// <exception cref="InterventionException">There is none of this name.</exception>
    public ImmutableArray<string> ChildrenOf(string name) => _graph.ChildrenOf(name);

    /// <summary>How many steps from the inputs a variable is computed, the longest way; outputs come last.</summary>
    /// <exception cref="InterventionException">There is none of this name.</exception>
    public int TimestepOf(string name) => _graph.TimestepOf(name);

    /// <summary>Computes every variable.</summary>
    /// <param name="setting">The inputs' values, and those of variables that are set and not computed.</param>
    /// <returns>The value of every variable.</returns>
    /// <exception cref="InterventionException">
    /// An input is left out, a value is none of its variable's, or a function gives one that is not.
    /// </exception>
    public CausalSetting RunForward(CausalSetting? setting = null)
    {
        foreach (var (name, value) in (setting ?? CausalSetting.Empty).Values)
            Require(_graph.Get(name), value);
        var total = CausalSetting.Empty;
        foreach (var variable in Variables)
            total = total.With(
                variable.Name,
                setting is not null && setting.TryGet(variable.Name, out var given) ? given : Compute(variable, total)
            );
        return total;
    }

    /// <summary>
    /// Computes every variable for an input, each variable of <paramref name="sources"/> being what it is in the run of
    /// its source input.
    /// </summary>
    /// <param name="input">The base's input.</param>
    /// <param name="sources">For each variable that is interchanged, the input that its value comes from.</param>
    /// <returns>The value of every variable.</returns>
    /// <exception cref="InterventionException">See <see cref="RunForward"/>.</exception>
    public CausalSetting RunInterchange(CausalSetting input, IReadOnlyDictionary<string, CausalSetting> sources)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(sources);
        var setting = input;
        foreach (var (name, source) in sources)
            setting = setting.With(name, RunForward(source)[_graph.Get(name).Name]);
        return RunForward(setting);
    }

    /// <summary>The value of a computed variable where its parents have these.</summary>
    /// <exception cref="InterventionException">The function gives none of the variable's values.</exception>
    internal static CausalValue Compute(CausalVariable variable, ImmutableArray<CausalValue> parents)
    {
        var value =
            variable.Function!(parents)
            ?? throw new InterventionException(
                $"The function of '{variable.Name}' gives nothing for {Show(variable, parents)}."
            );
        return variable.CanBe(value)
            ? value
            : throw new InterventionException(
                $"The function of '{variable.Name}' gives {value} for {Show(variable, parents)}, which is none of its "
                    + $"values: {ShowValues(variable)}."
            );
    }

    /// <summary>Throws unless a variable can be a value.</summary>
    internal static void Require(CausalVariable variable, CausalValue value)
    {
        if (value is null)
            throw new InterventionException($"'{variable.Name}' is set to nothing.");
        if (!variable.CanBe(value))
            throw new InterventionException($"'{variable.Name}' cannot be {value}; it can be: {ShowValues(variable)}.");
    }

    private static CausalValue Compute(CausalVariable variable, CausalSetting setting) =>
        variable.IsInput
            ? variable.Default
                ?? throw new InterventionException($"The input '{variable.Name}' has no value; give it one.")
            : Compute(variable, [.. variable.Parents.Select(parent => setting[parent])]);

    private static string Show(CausalVariable variable, ImmutableArray<CausalValue> parents) =>
        string.Join(", ", variable.Parents.Zip(parents, (name, value) => $"{name} = {value}"));

    private static string ShowValues(CausalVariable variable) =>
        CausalText.List(variable.Values.Select(value => value.ToString()));
}
