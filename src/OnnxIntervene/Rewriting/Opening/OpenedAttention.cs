using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>What an opened attention operator shows.</summary>
/// <param name="Probabilities"><c>[batch, head, query, key]</c>.</param>
/// <param name="Projections">
/// Queries, keys and values, <c>[batch, position, heads × head width]</c>, where the operator multiplies the weights
/// itself.
/// </param>
internal sealed record OpenedAttention(Value Probabilities, ImmutableArray<Value> Projections);
