using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>What one attention head attends to.</summary>
/// <param name="Layer">The head's layer, an index of the grid's rows.</param>
/// <param name="Head">The head, an index of the grid's columns.</param>
/// <param name="Weights">Attention weights, <c>[query, key]</c>, row by row.</param>
public sealed record HeadPattern(int Layer, int Head, ImmutableArray<float> Weights);
