using System.Collections.Immutable;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>What cutting each edge of a model was estimated to do. Immutable.</summary>
/// <param name="Edges">Every edge, those with the largest scores first, up or down.</param>
/// <param name="Clean">The metric of the clean runs.</param>
/// <param name="Corrupt">The metric of the corrupt runs.</param>
public sealed record EdgeScores(ImmutableArray<ScoredEdge> Edges, SampleMean Clean, SampleMean Corrupt)
{
    /// <summary>
    /// The circuit of the edges with the largest scores; of these only what lies on a way from the embedding to the
    /// logits, so that it may have fewer.
    /// </summary>
    /// <param name="count">How many edges are taken.</param>
    public Circuit Best(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Circuit.Best(Edges, count);
    }
}
