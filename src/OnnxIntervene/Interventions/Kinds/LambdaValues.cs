using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>What a Lambda intervention's function is given.</summary>
/// <param name="Base">
/// What stands at the base's units: <c>[batch, units, width]</c>; <c>[batch, heads, positions, width]</c> for heads.
/// </param>
/// <param name="Source">What stands at the source's units, in the same form; null without a source.</param>
/// <param name="Subspaces">The run's subspaces, <c>[batch][numbers]</c>; null for none.</param>
public sealed record LambdaValues(
    NumericArray Base,
    NumericArray? Source,
    ImmutableArray<ImmutableArray<int>>? Subspaces
);
