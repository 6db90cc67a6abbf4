using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>Some edges of a model. Immutable.</summary>
/// <param name="Edges">The edges, those with the largest scores first.</param>
/// <param name="Total">How many edges the model has.</param>
public sealed record Circuit(ImmutableArray<ScoredEdge> Edges, int Total)
{
    /// <summary>Which share of the model's edges it has.</summary>
    public double Share => (double)Edges.Length / Total;

    /// <summary>Its nodes, each once.</summary>
    public ImmutableArray<CircuitNode> Nodes =>
        [.. Edges.SelectMany(scored => scored.Edge.Readers.Prepend(scored.Edge.From)).Distinct()];

    /// <summary>
    /// The edges with the largest scores, up or down; of these only what lies on a way from the embedding to the
    /// logits.
    /// </summary>
    /// <param name="sorted">All edges, those with the largest scores first.</param>
    /// <param name="count">How many are taken before those without a way are left out.</param>
    internal static Circuit Best(ImmutableArray<ScoredEdge> sorted, int count)
    {
        var taken = sorted.Take(count).ToList();
        var reached = Connected(taken.OrderBy(Rank), new CircuitNode(CircuitNodeKind.Embedding), isForward: true);
        var leading = Connected(
            taken.OrderByDescending(Rank),
            new CircuitNode(CircuitNodeKind.Logits),
            isForward: false
        );
        return new Circuit(
            [.. taken.Where(item => reached.Contains(item.Edge.From) && item.Edge.Readers.Any(leading.Contains))],
            sorted.Length
        );
    }

    // In the order of readers every edge into a node comes before those out of it; the other way round, after.
    private static HashSet<CircuitNode> Connected(IEnumerable<ScoredEdge> ordered, CircuitNode start, bool isForward)
    {
        HashSet<CircuitNode> connected = [start];
        foreach (var (edge, _, _) in ordered)
        {
            IEnumerable<CircuitNode> sender = [edge.From];
            var (near, far) = isForward ? (sender, edge.Readers) : (edge.Readers, sender);
            if (near.Any(connected.Contains))
                connected.UnionWith(far);
        }

        return connected;
    }

    private static int Rank(ScoredEdge scored) =>
        scored.Edge.To switch
        {
            { Kind: CircuitNodeKind.Logits } => int.MaxValue,
            var node => (2 * node.Layer) + (node.Kind == CircuitNodeKind.FeedForward ? 1 : 0),
        };
}
