namespace OnnxIntervene.IR.Editing;

/// <summary>Brings nodes after what they read, after a rewrite that added nodes anywhere.</summary>
public static class GraphOrder
{
    /// <summary>
    /// Sorts the graph's own nodes, which otherwise stay as they stood. Subgraphs are not entered. O(nodes + reads).
    /// </summary>
    /// <exception cref="InvalidGraphException">The nodes read each other in a circle.</exception>
    public static void Sort(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (TopologicalOrder.Sort(graph) is { } node)
            throw Circle(node);
    }

    /// <summary>The nodes as <see cref="Sort"/> would put them; the graph stays as it is.</summary>
    /// <exception cref="InvalidGraphException">The nodes read each other in a circle.</exception>
    internal static IEnumerable<Node> Of(Graph graph) =>
        TopologicalOrder.Find(graph, out var order) is { } node ? throw Circle(node) : order ?? graph.Nodes;

    private static InvalidGraphException Circle(Node node) => new([$"{node} depends on its own output."]);
}
