using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>
/// Nodes in rows from below, and edges up between them, such as a circuit: the wider an edge, the larger its number,
/// and its colour says whether that is above or below 0. Immutable.
/// </summary>
public sealed record NodeGraph : Figure
{
    /// <summary>The nodes; those of a row stand from left to right as they are listed.</summary>
    public required ImmutableArray<GraphNode> Nodes { get; init; }

    /// <summary>The edges.</summary>
    public required ImmutableArray<GraphEdge> Edges { get; init; }

    /// <summary>What the edges' numbers are, such as <c>score</c>.</summary>
    public required string ValueLabel { get; init; }

    private protected override string Kind => "graph";

    internal override void Check()
    {
        if (Nodes.IsDefaultOrEmpty || Edges.IsDefault)
            throw Fault("has no nodes. Give a node for each end of its edges.");
        foreach (var edge in Edges)
        {
            if (edge.From < 0 || edge.From >= Nodes.Length || edge.To < 0 || edge.To >= Nodes.Length)
                throw Fault($"has {Nodes.Length} nodes but an edge from {edge.From} to {edge.To}. Count nodes from 0.");
            if (Nodes[edge.From].Row >= Nodes[edge.To].Row)
                throw Fault(
                    $"has an edge from '{Nodes[edge.From].Name}' to '{Nodes[edge.To].Name}', which is not in a row "
                        + "above. Edges go up."
                );
        }
    }
}
