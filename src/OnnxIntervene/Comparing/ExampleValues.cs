using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>What one example's run computed.</summary>
/// <param name="Components">
/// The compared components, <c>[position, width]</c> or <c>[head, query, key]</c>, in the order of the comparison.
/// </param>
/// <param name="Output">The first output; null where it is not known.</param>
internal sealed record ExampleValues(ImmutableArray<NumericArray> Components, NumericArray? Output);
