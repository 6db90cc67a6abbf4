using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>How well interventions align a network with a causal model.</summary>
public sealed record InterchangeResult
{
    /// <summary>Over all examples.</summary>
    public required InterchangeScores All { get; init; }

    /// <summary>
    /// Over the examples whose right answer the interchange changes, which doing nothing gets wrong; null where the
    /// data set does not tell the answers without interchange.
    /// </summary>
    public InterchangeScores? Changed { get; init; }

    /// <summary>What the model answered with the interventions, in the order of the examples.</summary>
    public required ImmutableArray<int> Predictions { get; init; }

    /// <summary>What it answered without any, in the order of the examples.</summary>
    public required ImmutableArray<int> OwnAnswers { get; init; }
}
