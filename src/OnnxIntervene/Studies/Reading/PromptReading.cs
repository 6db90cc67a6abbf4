using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Reading;

/// <summary>What was read in one prompt's run.</summary>
/// <param name="Prompt">The number of the prompt.</param>
/// <param name="Values">
/// The values of each component: <c>[position, width]</c>, <c>[position, head, width]</c>, or of probabilities
/// <c>[head, query, key]</c>.
/// </param>
/// <param name="Logits">
/// The model's first output, <c>[position, vocabulary]</c>; null where it was not asked for.
/// </param>
public sealed record PromptReading(int Prompt, ImmutableArray<NumericArray> Values, NumericArray? Logits)
{
    /// <summary>The logits at a position; those of the last where the model computes no others.</summary>
    internal ReadOnlySpan<float> LogitsAt(int position) => Logits!.Row(Logits.Shape[0] == 1 ? 0 : position).Floats;
}
