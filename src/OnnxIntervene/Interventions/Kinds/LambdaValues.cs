using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The arguments of a Lambda intervention's function.</summary>
/// <param name="Base">
/// The values at the base's units: <c>[batch, units, width]</c>; <c>[batch, heads, positions, width]</c> for heads.
/// </param>
/// <param name="Source">The values at the source's units, in the same form; null without a source.</param>
/// <param name="Subspaces">The run's subspaces, <c>[batch][numbers]</c>; null for none.</param>
public sealed record LambdaValues(
    NumericArray Base,
    NumericArray? Source,
    ImmutableArray<ImmutableArray<int>>? Subspaces
);
