namespace OnnxIntervene.IR.Editing;

/// <summary>Brings nodes behind what they read, after a rewrite that added nodes anywhere.</summary>
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
            throw new InvalidGraphException([$"{node} depends on its own output."]);
    }
}
