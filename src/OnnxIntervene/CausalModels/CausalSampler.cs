using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// Draws inputs and interventions of a causal model, the same ones from the same seed. Its state advances with every
/// draw; one instance serves one thread.
/// </summary>
public sealed class CausalSampler
{
    private const int MostTries = 20_000;
    private readonly NumpyRandom _random;
    private readonly EquivalenceClasses _classes;

    /// <param name="model">The model.</param>
    /// <param name="seed">What everything is drawn from.</param>
    public CausalSampler(CausalModel model, uint seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        (Model, _random) = (model, new NumpyRandom(seed));
        _classes = new EquivalenceClasses(model);
    }

    /// <summary>The model.</summary>
    public CausalModel Model { get; }

    /// <summary>A whole number from 0, below a limit, each as likely.</summary>
    public int Next(int limit) => _random.NextInteger(limit);

    /// <summary>One of some items, each as likely.</summary>
    public T Choose<T>(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items[Next(items.Count)];
    }

    /// <summary>Values of the inputs, each drawn on its own (pyvene's <c>sample_input</c>).</summary>
    /// <param name="mandatory">What the run of the input must fulfil; null for nothing.</param>
    /// <exception cref="InterventionException">
    /// An input can be anything, or none of 20,000 inputs fulfils the condition.
    /// </exception>
    public CausalSetting SampleInput(Func<CausalSetting, bool>? mandatory = null)
    {
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var input = CausalSetting.Of(Model.Inputs.Select(variable => (variable.Name, Choose(ValuesOf(variable)))));
            if (mandatory is null || mandatory(Model.RunForward(input)))
                return input;
        }

        throw new InterventionException($"None of {MostTries} inputs fulfils the condition; is it possible at all?");
    }

    /// <summary>
    /// Sets a random part of the intermediate variables, at least one, to random values (pyvene's
    /// <c>sample_intervention</c>).
    /// </summary>
    /// <param name="among">The variables that may be set; none for all.</param>
    /// <exception cref="InterventionException">
    /// The model has no intermediate variables, or one that is named is none.
    /// </exception>
    public CausalSetting SampleIntervention(params IReadOnlyList<string> among)
    {
        ArgumentNullException.ThrowIfNull(among);
        var variables = among.Count > 0 ? [.. among.Select(Model.GetIntermediate)] : Model.Intermediates;
        if (variables.IsEmpty)
            throw new InterventionException("The causal model has no variables between its inputs and outputs.");
        while (true)
        {
            var intervention = CausalSetting.Empty;
            foreach (var variable in variables.Where(_ => Next(2) == 0))
                intervention = intervention.With(variable.Name, Choose(_classes.ReachableValues(variable.Name)));
            if (intervention.Count > 0)
                return intervention;
        }
    }

    /// <summary>
    /// An input drawn from a variable's value backwards: its parents' values among those that give it, and so on up to
    /// the inputs (pyvene's <c>sample_input_tree_balanced</c>). In a tree every value of the variable is as likely.
    /// </summary>
    /// <param name="variable">The variable; null for the only output.</param>
    /// <param name="value">Its value; null for any that it can take, each as likely.</param>
    /// <exception cref="InterventionException">
    /// The model has several outputs and none is named, no input gives the variable the value, or an input can be
    /// anything.
    /// </exception>
    public CausalSetting SampleInputTreeBalanced(string? variable = null, CausalValue? value = null)
    {
        var name = variable is not null ? Model.Get(variable).Name : OnlyOutput();
        if (value is not null)
            RequireReachable(name, value);
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var wanted = value ?? Choose(_classes.ReachableValues(name));
            var input = CompleteInput(Trace(CausalSetting.Empty, name, wanted).Only(Model.Inputs));
            // Where two ways lead to one variable, they may need different values of it.
            if (Model.RunForward(input)[name].Equals(wanted))
                return input;
        }

        throw new InterventionException(
            $"None of {MostTries} inputs gives '{name}' the value; its variables share inputs. Use another sampler."
        );
    }

    /// <summary>The sampler that needs nothing: inputs drawn on their own until one fulfils the condition.</summary>
    internal static CausalSetting SampleAny(CausalSampler sampler, (string Variable, CausalValue Value)? condition) =>
        sampler.SampleInput(condition is { } wanted ? total => total[wanted.Variable].Equals(wanted.Value) : null);

    /// <summary><see cref="SampleInputTreeBalanced"/> as a sampler of data sets.</summary>
    public static InputSampler TreeBalanced { get; } =
        (sampler, condition) => sampler.SampleInputTreeBalanced(condition?.Variable, condition?.Value);

    private void RequireReachable(string name, CausalValue value)
    {
        CausalModel.Require(Model.Get(name), value);
        var reachable = _classes.ReachableValues(name);
        if (!reachable.IsEmpty && !reachable.Contains(value))
            throw new InterventionException(
                $"No input makes '{name}' {value}; it can become: "
                    + $"{CausalText.List(reachable.Select(item => item.ToString()))}."
            );
    }

    // A variable that two ways lead to keeps what the first of them needs.
    private CausalSetting Trace(CausalSetting traced, string name, CausalValue value)
    {
        if (traced.Contains(name))
            return traced;
        var (variable, setting) = (Model.Get(name), traced.With(name, value));
        return variable.IsInput
            ? setting
            : variable
                .Parents.Zip(Choose(_classes.Reachable(name, value)))
                .Aggregate(setting, (all, parent) => Trace(all, parent.First, parent.Second));
    }

    private CausalSetting CompleteInput(CausalSetting input) =>
        Model
            .Inputs.Where(variable => !input.Contains(variable.Name))
            .Aggregate(input, (setting, variable) => setting.With(variable.Name, Choose(ValuesOf(variable))));

    private string OnlyOutput() =>
        Model.Outputs is [var output]
            ? output.Name
            : throw new InterventionException(
                $"The causal model has {Model.Outputs.Length} outputs; name the variable to begin with."
            );

    private static ImmutableArray<CausalValue> ValuesOf(CausalVariable variable) =>
        variable.Values.IsEmpty
            ? throw new InterventionException(
                $"'{variable.Name}' can be anything; list what it can be, or give a sampler of your own."
            )
            : variable.Values;
}
