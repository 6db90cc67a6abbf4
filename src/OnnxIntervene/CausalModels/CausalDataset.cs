using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>Examples of what a causal model does, and of what interchanges would make it do.</summary>
public static class CausalDataset
{
    private const int MostTries = 20_000;

    /// <summary>Draws inputs with their outcomes (pyvene's <c>generate_factual_dataset</c>).</summary>
    /// <param name="model">The model.</param>
    /// <param name="size">How many.</param>
    /// <param name="options">The seed, and how inputs are drawn.</param>
    /// <exception cref="InterventionException">
    /// Inputs cannot be drawn, do not fit the model, or hardly one passes the filter.
    /// </exception>
    public static ImmutableArray<FactualExample> GenerateFactual(
        CausalModel model,
        int size,
        CausalDatasetOptions? options = null
    )
    {
        options ??= new CausalDatasetOptions();
        var sampler = Begin(model, size, options);
        var draw = options.Sampler ?? CausalSampler.SampleAny;
        var examples = ImmutableArray.CreateBuilder<FactualExample>(size);
        while (examples.Count < size)
        {
            var input = Passing(options.Filter, "input", () => draw(sampler, null));
            examples.Add(new FactualExample(input, model.RunForward(input)));
        }

        return examples.MoveToImmutable();
    }

    /// <summary>
    /// Draws interchanges with their outcomes: an intervention, and for it as many bases as a batch has, each with a
    /// source for every variable that is set, which gives the variable its value (pyvene's
    /// <c>generate_counterfactual_dataset</c>).
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="size">How many; a multiple of the batch size.</param>
    /// <param name="options">The seed, and how inputs and interventions are drawn.</param>
    /// <exception cref="InterventionException">
    /// Inputs or interventions cannot be drawn, do not fit the model, or hardly one passes the filter; an intervention
    /// sets a variable that is no intermediate one.
    /// </exception>
    public static ImmutableArray<CounterfactualExample> GenerateCounterfactual(
        CausalModel model,
        int size,
        CausalDatasetOptions? options = null
    )
    {
        options ??= new CausalDatasetOptions();
        var sampler = Begin(model, size, options);
        if (size % options.BatchSize != 0)
            throw new InterventionException(
                $"{size} examples are not a whole number of batches of {options.BatchSize}."
            );
        var intervene = options.InterventionSampler ?? (drawn => drawn.SampleIntervention(options.Variables));
        var examples = ImmutableArray.CreateBuilder<CounterfactualExample>(size);
        while (examples.Count < size)
        {
            var intervention = Passing(options.Filter, "intervention", () => intervene(sampler));
            RequireIntermediate(model, intervention);
            for (var index = 0; index < options.BatchSize; index++)
                examples.Add(Example(sampler, intervention, options));
        }

        return examples.MoveToImmutable();
    }

    private static CausalSampler Begin(CausalModel model, int size, CausalDatasetOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        return new CausalSampler(model, options.Seed);
    }

    private static CausalSetting Passing(Func<CausalSetting, bool>? filter, string what, Func<CausalSetting> draw)
    {
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            if (draw() is var drawn && (filter is null || filter(drawn)))
                return drawn;
        }

        throw new InterventionException($"The filter lets none of {MostTries} {what}s through.");
    }

    private static CounterfactualExample Example(
        CausalSampler sampler,
        CausalSetting intervention,
        CausalDatasetOptions options
    )
    {
        var (model, draw) = (sampler.Model, options.Sampler ?? CausalSampler.SampleAny);
        var @base = draw(sampler, null);
        var sources = intervention.Values.ToDictionary(
            entry => entry.Key,
            entry => Source(sampler, draw, entry.Key, entry.Value),
            StringComparer.Ordinal
        );
        return new CounterfactualExample(
            @base,
            [.. model.Intermediates.Select(variable => sources.GetValueOrDefault(variable.Name))],
            model.RunForward(@base),
            model.RunInterchange(@base, sources),
            options.InterventionId?.Invoke(intervention) ?? IdOf(model, intervention)
        );
    }

    private static CausalSetting Source(CausalSampler sampler, InputSampler draw, string name, CausalValue value)
    {
        var source = draw(sampler, (name, value));
        return sampler.Model.RunForward(source)[name] is var given && given.Equals(value)
            ? source
            : throw new InterventionException(
                $"The sampler was asked for an input that makes '{name}' {value}, and drew one that makes it {given}: "
                    + $"{source}."
            );
    }

    private static void RequireIntermediate(CausalModel model, CausalSetting intervention)
    {
        if (intervention.Count == 0)
            throw new InterventionException("The sampler of interventions drew one that sets nothing.");
        foreach (var name in intervention.Names)
            model.GetIntermediate(name);
    }

    private static int IdOf(CausalModel model, CausalSetting intervention) =>
        InterchangePattern.IdOf([.. model.Intermediates.Select(variable => intervention.Contains(variable.Name))]);
}
