using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>The values inside an operator that was opened; null where the operator has none.</summary>
internal sealed record OpenedValues
{
    /// <summary>The residual sum that is normalised.</summary>
    public Value? Sum { get; init; }

    /// <summary>The term that is added to the residual stream, its bias included.</summary>
    public Value? Part { get; init; }

    /// <summary>Attention probabilities, <c>[batch, head, query, key]</c>.</summary>
    public Value? Probabilities { get; init; }

    /// <summary>
    /// Queries, keys and values, <c>[batch, position, heads × head width]</c>, where the operator makes them itself.
    /// </summary>
    public ImmutableArray<Value> Projections { get; init; } = [];
}
