using System.Collections.Immutable;

namespace OnnxIntervene.Chat;

/// <summary>A message of the user and its answer.</summary>
/// <param name="User">The message.</param>
/// <param name="Assistant">The answer, as far as it was generated.</param>
/// <param name="Finish">Why it ended: <c>stop</c>, <c>length</c>, or <c>cancelled</c>.</param>
/// <param name="Steering">The coefficients of the steering vectors that were added, by their names.</param>
public sealed record ChatTurn(
    string User,
    string Assistant,
    string Finish,
    ImmutableSortedDictionary<string, float> Steering
);
