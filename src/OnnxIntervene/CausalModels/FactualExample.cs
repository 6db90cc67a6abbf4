namespace OnnxIntervene.CausalModels;

/// <summary>An input of a causal model and what the model makes of it.</summary>
/// <param name="Input">The inputs' values.</param>
/// <param name="Labels">The value of every variable in the run.</param>
public sealed record FactualExample(CausalSetting Input, CausalSetting Labels);
