using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>Computes a variable's value from those of its parents.</summary>
/// <param name="parents">The parents' values, in the order in which the variable names them.</param>
public delegate CausalValue CausalFunction(ImmutableArray<CausalValue> parents);
