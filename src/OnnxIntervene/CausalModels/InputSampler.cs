namespace OnnxIntervene.CausalModels;

/// <summary>Draws an input of a causal model.</summary>
/// <param name="sampler">What random numbers come from.</param>
/// <param name="condition">
/// A variable and the value that the input must give it; null for any input.
/// </param>
public delegate CausalSetting InputSampler(CausalSampler sampler, (string Variable, CausalValue Value)? condition);
