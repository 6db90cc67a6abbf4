using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Runs;

/// <summary>Something that a run writes.</summary>
/// <param name="Address">The component.</param>
/// <param name="Values">What is written, in the shape of the whole tensor <c>[batch, position, width]</c>.</param>
/// <param name="Position">The only position that is written; null for all.</param>
internal readonly record struct Change(ComponentAddress Address, NumericArray Values, int? Position = null);
