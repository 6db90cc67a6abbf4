namespace OnnxIntervene.IR.Editing;

/// <summary>Moves nodes after what they read, once a rewrite has added nodes anywhere.</summary>
public static class GraphOrder
{
    /// <summary>
    /// Sorts the graph's own nodes, which otherwise keep their order. Subgraphs are not entered. O(nodes + reads).
    /// </summary>
    /// <exception cref="InvalidGraphException">The nodes read each other in a cycle.</exception>
    public static void Sort(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (TopologicalOrder.Sort(graph) is { } node)
            throw Cycle(node);
    }

    /// <summary>The nodes as <see cref="Sort"/> would order them; the graph stays as it is.</summary>
    /// <exception cref="InvalidGraphException">The nodes read each other in a cycle.</exception>
    internal static IEnumerable<Node> Of(Graph graph) =>
        TopologicalOrder.Find(graph, out var order) is { } node ? throw Cycle(node) : order ?? graph.Nodes;

    private static InvalidGraphException Cycle(Node node) => new([$"{node} depends on its own output."]);
}
