using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>
/// What a Collect intervention read of one text while it was generated, run by run; runs in which it reads nothing are
/// left out. The last new token is read by no run, and so has no values.
/// </summary>
/// <param name="Steps">The runs, in order.</param>
public sealed record CollectedValues(ImmutableArray<CollectedStep> Steps)
{
    /// <summary>The positions of all runs, in the order of the runs.</summary>
    public ImmutableArray<int> Positions => [.. Steps.SelectMany(step => step.Positions)];

    /// <summary>The tokens at <see cref="Positions"/>.</summary>
    public ImmutableArray<int> Tokens => [.. Steps.SelectMany(step => step.Tokens)];

    /// <summary>
    /// The values at <see cref="Positions"/>, <c>[position, width]</c> or <c>[position, head, width]</c>; null where
    /// nothing was read. Copies them.
    /// </summary>
    public NumericArray? Values() => Steps.IsEmpty ? null : NumericArray.Joined([.. Steps.Select(step => step.Values)]);
}
