using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>An interchange in a causal model, and what the model makes of it. Immutable.</summary>
/// <param name="Base">The base's input.</param>
/// <param name="Sources">
/// A place for each intermediate variable of the model, in their order: the input that the variable's value comes from,
/// null where it is not interchanged. (pyvene moves sources to the front and pads the rest with zeros.)
/// </param>
/// <param name="BaseLabels">The value of every variable in the base's own run.</param>
/// <param name="Labels">The value of every variable in the run with the interchange.</param>
/// <param name="InterventionId">The number of the set of variables that are interchanged.</param>
public sealed record CounterfactualExample(
    CausalSetting Base,
    ImmutableArray<CausalSetting?> Sources,
    CausalSetting BaseLabels,
    CausalSetting Labels,
    int InterventionId
);
