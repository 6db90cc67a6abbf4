using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>What a Collect intervention read of one text in one run of a generation.</summary>
/// <param name="Run">The run: 0 reads the prompt, each one after it the next new token.</param>
/// <param name="Positions">The positions in the text, padding aside.</param>
/// <param name="Tokens">The tokens there.</param>
/// <param name="Values">
/// The values, <c>[position, width]</c>; of a component that is split into heads <c>[position, head, width]</c>.
/// </param>
public sealed record CollectedStep(
    int Run,
    ImmutableArray<int> Positions,
    ImmutableArray<int> Tokens,
    NumericArray Values
);
