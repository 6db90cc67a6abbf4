using System.Collections.Immutable;

namespace OnnxIntervene.Splicing;

/// <summary>A parameter of an intervention as an input of the rewritten model.</summary>
/// <param name="Name">The parameter, by pyvene's name.</param>
/// <param name="Input">The input, float32.</param>
/// <param name="Shape">Its shape.</param>
public sealed record SplicedParameter(string Name, string Input, ImmutableArray<int> Shape);
