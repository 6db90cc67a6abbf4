using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>What an intervened run gave.</summary>
/// <param name="Intervened">The model's output with the interventions.</param>
/// <param name="Original">The model's output without them, when it was asked for.</param>
/// <param name="Collected">
/// What each Collect intervention read, in the configuration's order: <c>[batch, units, width]</c>, <c>[batch, heads,
/// positions, width]</c>
/// for head components, <c>[batch, heads, query, key]</c> for <c>attention_weight</c>.
/// </param>
public sealed record RunResult(ModelOutput Intervened, ModelOutput? Original, ImmutableArray<NumericArray> Collected);
